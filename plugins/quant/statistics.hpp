/// What a value's plan is made from: sums over a sample of its rows. Every channel's sum has the order of the rows, so
/// that all targets make the same plans.
#pragma once

#include <cstring>

#include "plugins/quant/kernels.hpp"

namespace cinch::quant {

/// 16 values from `channel` of a row; zeros beyond `dim`.
template <class T, Element element>
inline __attribute__((always_inline)) typename T::Floats load_some(const std::uint8_t* row, std::uint32_t channel,
                                                                   std::uint32_t dim) {
  if (channel + 16 <= dim) return load<T, element>(row + channel * size_of(element));
  std::uint8_t values[64] = {};
  if (channel < dim) std::memcpy(values, row + channel * size_of(element), (dim - channel) * size_of(element));
  return load<T, element>(values);
}

template <class T, Element element>
void squares_of(const Sampled& rows, std::uint32_t dim, float* squares) {
  constexpr std::size_t ahead = 8;  // sampled rows lie too far apart for the processor to fetch them unasked
  for (std::size_t i = 0; i < rows.count; ++i) {
    for (std::uint32_t h = 0; h < rows.heads; ++h) {
      const std::size_t row_bytes = std::size_t{dim} * size_of(element);
      const std::uint8_t* const row = rows.rows[i] + h * row_bytes;
      for (std::size_t at = 0; i + ahead < rows.count && at < row_bytes; at += 64) {
        __builtin_prefetch(rows.rows[i + ahead] + h * row_bytes + at);
      }
      typename T::Floats sum = T::fill_floats(0);
      for (std::uint32_t c = 0; c < dim; c += 16) {
        const typename T::Floats x = load_some<T, element>(row, c, dim);
        sum = T::add(sum, T::mul(x, x));
      }
      *squares++ = T::sum(sum);
    }
  }
}

template <class T, Element element>
void sum_rows(const Sampled& rows, std::uint32_t head, std::uint32_t dim, float* cosine_sums, float* sine_sums) {
  for (std::uint32_t begin = 0; begin < padded_dim(dim); begin += chunk_channels) {
    typename T::Floats with_cosine[4], with_sine[4];
    for (unsigned v = 0; v < 4; ++v) with_cosine[v] = with_sine[v] = T::fill_floats(0);
    for (std::size_t i = 0; i < rows.count; ++i) {
      if (!(rows.inverse_steps[i * rows.heads + head] > 0)) continue;
      const std::uint8_t* const row = rows.rows[i] + std::size_t{head} * dim * size_of(element);
#pragma GCC unroll 4
      for (unsigned v = 0; v < 4; ++v) {
        const std::uint32_t channel = begin + 16 * v;
        const typename T::Floats x = load_some<T, element>(row, channel, dim);
        if (rows.waves == nullptr) {
          with_cosine[v] = T::add(with_cosine[v], x);
          continue;
        }
        const float* const cosines = rows.waves + i * 2 * rows.period + channel % rows.period;
        with_cosine[v] = T::add(with_cosine[v], T::mul(x, T::load_floats(cosines)));
        with_sine[v] = T::add(with_sine[v], T::mul(x, T::load_floats(cosines + rows.period)));
      }
    }
    for (unsigned v = 0; v < 4; ++v) {
      T::store_floats(cosine_sums + begin + std::size_t{16} * v, with_cosine[v]);
      T::store_floats(sine_sums + begin + std::size_t{16} * v, with_sine[v]);
    }
  }
}

template <class T, Element element>
void sum_distances(const Sampled& rows, std::uint32_t head, std::uint32_t dim, const float* mean, const float* partner,
                   float* sums) {
  for (std::uint32_t begin = 0; begin < padded_dim(dim); begin += chunk_channels) {
    typename T::Floats sum[4];
    for (unsigned v = 0; v < 4; ++v) sum[v] = T::fill_floats(0);
    for (std::size_t i = 0; i < rows.count; ++i) {
      const float inverse = rows.inverse_steps[i * rows.heads + head];
      if (!(inverse > 0)) continue;
      const std::uint8_t* const row = rows.rows[i] + std::size_t{head} * dim * size_of(element);
#pragma GCC unroll 4
      for (unsigned v = 0; v < 4; ++v) {
        const std::uint32_t channel = begin + 16 * v;
        typename T::Floats p = T::load_floats(mean + channel);
        if (rows.waves != nullptr) {
          const float* const cosines = rows.waves + i * 2 * rows.period + channel % rows.period;
          p = T::add(T::mul(p, T::load_floats(cosines)),
                     T::mul(T::load_floats(partner + channel), T::load_floats(cosines + rows.period)));
        }
        const typename T::Floats x = load_some<T, element>(row, channel, dim);
        sum[v] = T::add(sum[v], T::absolute(T::mul(T::sub(x, p), T::fill_floats(inverse))));
      }
    }
    for (unsigned v = 0; v < 4; ++v) T::store_floats(sums + begin + std::size_t{16} * v, sum[v]);
  }
}

}  // namespace cinch::quant
