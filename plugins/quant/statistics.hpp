/// What a value's plan is made from: sums over a sample of its rows. Every channel is summed up in the order of the
/// rows, so that all targets make the same plans.
#pragma once

#include <cstring>

#include "plugins/quant/kernels.hpp"
#include "plugins/quant/prediction.hpp"

namespace cinch::quant {

/// 16 values from `channel` of a row; zeros beyond `dim`.
template <class T, Element element>
CINCH_ALWAYS_INLINE typename T::Floats load_some(const std::uint8_t* row, std::uint32_t channel, std::uint32_t dim) {
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
        __builtin_prefetch(rows.rows[i + ahead] + h * row_bytes + at, 0, 2);
      }
      typename T::Floats sum = T::fill_floats(0);
      for (std::uint32_t c = 0; c < dim; c += 16) {
        const typename T::Floats x = load_some<T, element>(row, c, dim);
        sum = T::fused_product_add(x, x, sum);
      }
      *squares++ = T::sum(sum);
    }
  }
}

/// Rows that are left out become zeros.
template <class T, Element element>
void scale_rows(const Sampled& rows, std::uint32_t dim, float* to) {
  const float* inverse_step = rows.inverse_steps;
  for (std::size_t i = 0; i < rows.count; ++i) {
    for (std::uint32_t h = 0; h < rows.heads; ++h, ++inverse_step, to += dim) {
      const std::uint8_t* const row = rows.rows[i] + h * std::size_t{dim} * size_of(element);
      const bool is_left_out = *inverse_step == 0;  // whatever it contains, even infinity
      for (std::uint32_t c = 0; c < dim; c += 16) {
        const typename T::Floats x = is_left_out ? T::fill_floats(0) : load_some<T, element>(row, c, dim);
        T::store_floats(to + c, T::mul(x, T::fill_floats(*inverse_step)));
      }
    }
  }
}

/// Calls `function` with the sampled rows of every tile: the first, the end, the tile's first token, and its waves
/// if there are any.
template <class Function>
void for_each_sampled_tile(const Sampled& rows, std::uint32_t period, Function&& function) {
  const float* waves = rows.tile_waves;
  for (std::size_t begin = 0, end = 0; begin < rows.count; begin = end, waves += std::size_t{2} * period) {
    const std::uint64_t tile = rows.tokens[begin] / tile_rows;
    while (end < rows.count && rows.tokens[end] / tile_rows == tile) ++end;
    function(begin, end, tile * tile_rows, waves);
  }
}

template <class T, Element element>
void sum_rows(const Sampled& rows, std::uint32_t head, const Head& of, std::uint32_t dim, float* cosine_sums,
              float* sine_sums) {
  using Floats = typename T::Floats;
  const bool turns = of.partner != nullptr;
  const std::size_t at = std::size_t{head} * dim * size_of(element);
  std::memset(cosine_sums, 0, padded_dim(dim) * sizeof(float));
  std::memset(sine_sums, 0, padded_dim(dim) * sizeof(float));
  for_each_sampled_tile(
      rows, of.period, [&](std::size_t first, std::size_t end, std::uint64_t token, const float* tile_waves) {
        for (std::uint32_t channel = 0; channel < padded_dim(dim); channel += 16) {
          const std::uint32_t place_of = turns ? channel % of.period : 0;
          Floats with_cosine = T::fill_floats(0), with_sine = with_cosine;
          for (std::size_t i = first; i < end; ++i) {
            if (!(rows.inverse_steps[i * rows.heads + head] > 0)) continue;
            const Floats x = load_some<T, element>(rows.rows[i] + at, channel, dim);
            if (!turns) {
              with_cosine = T::add(with_cosine, x);
              continue;
            }
            const float* const cosines = of.waves + (rows.tokens[i] - token) * 2 * of.period + place_of;
            with_cosine = T::add(with_cosine, T::mul(x, T::load_as_held(cosines)));
            with_sine = T::add(with_sine, T::mul(x, T::load_as_held(cosines + of.period)));
          }
          if (turns) {
            const Floats c = T::load_floats(tile_waves + place_of),
                         s = T::load_floats(tile_waves + of.period + place_of);
            const Floats turned = T::sub(T::mul(with_cosine, c), T::mul(with_sine, s));
            with_sine = T::add(T::mul(with_cosine, s), T::mul(with_sine, c));
            with_cosine = turned;
          }
          T::store_floats(cosine_sums + channel, T::add(T::load_floats(cosine_sums + channel), with_cosine));
          T::store_floats(sine_sums + channel, T::add(T::load_floats(sine_sums + channel), with_sine));
        }
      });
}

template <class T, Element element, bool turns>
void add_distances(const Sampled& rows, std::uint32_t head, std::size_t first, std::size_t end,
                   const Predictor<T>& predict, std::uint64_t token, std::uint32_t dim, float* sums) {
  const std::size_t at = std::size_t{head} * dim * size_of(element);
  for (std::uint32_t channel = 0; channel < padded_dim(dim); channel += 16) {
    const std::uint32_t place_of = turns ? predict.place_of(channel) : 0;
    typename T::Floats sum = T::load_floats(sums + channel);
    for (std::size_t i = first; i < end; ++i) {
      const float inverse = rows.inverse_steps[i * rows.heads + head];
      if (!(inverse > 0)) continue;
      const typename T::Floats p = predict.template some<turns>(channel, place_of, rows.tokens[i] - token);
      const typename T::Floats x = load_some<T, element>(rows.rows[i] + at, channel, dim);
      sum = T::add(sum, T::absolute(T::mul(T::sub(x, p), T::fill_floats(inverse))));
    }
    T::store_floats(sums + channel, sum);
  }
}

template <class T, Element element>
void sum_distances(const Sampled& rows, std::uint32_t head, const Head& of, std::uint32_t dim, float* sums) {
  TileMean tile_mean;
  std::memset(sums, 0, padded_dim(dim) * sizeof(float));
  if (of.partner == nullptr) {
    const Predictor<T> predict = Predictor<T>::still(of);
    return add_distances<T, element, false>(rows, head, 0, rows.count, predict, 0, dim, sums);
  }
  for_each_sampled_tile(rows, of.period,
                        [&](std::size_t first, std::size_t end, std::uint64_t token, const float* tile_waves) {
                          const Predictor<T> predict =
                              Predictor<T>::turned(of, padded_dim(dim), tile_waves, tile_waves + of.period, tile_mean);
                          add_distances<T, element, true>(rows, head, first, end, predict, token, dim, sums);
                        });
}

}  // namespace cinch::quant
