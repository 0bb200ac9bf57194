/// The loops over a sample as plain C++, compiled for each instruction set; included by the source of each alone. Every
/// sum runs over the rows of one channel, in order, so that all of them find the same.
#pragma once

#include "plugins/tensor/kernels.hpp"

namespace cinch::tensor {
namespace {

template <Layout layout>
void look_at(const std::uint8_t* __restrict words, std::size_t n, std::uint16_t* __restrict tops,
             float* __restrict values) {
  constexpr Cut form = cut<layout>;
  constexpr unsigned mantissa = form.mantissa_bits();
  constexpr std::uint32_t max_exponent = (1u << form.exponent_bits) - 1;
  constexpr std::uint32_t rebias = 127 - ((1u << (form.exponent_bits - 1)) - 1);
  for (std::size_t i = 0; i < n; ++i) {
    std::uint32_t word = 0;
    if constexpr (form.word_bytes == 1) {
      word = words[i];
    } else if constexpr (form.word_bytes == 2) {
      std::uint16_t narrow;
      __builtin_memcpy(&narrow, words + 2 * i, 2);
      word = narrow;
    } else {
      __builtin_memcpy(&word, words + 4 * i, 4);
    }
    const std::uint32_t exponent = word >> mantissa & max_exponent;
    const std::uint32_t sign = word >> (mantissa + form.exponent_bits);
    tops[i] = static_cast<std::uint16_t>(sign * top_count | (exponent + form.exponent_shift) << 1 |
                                         (word >> (mantissa - 1) & 1));
    const std::uint32_t single =
        sign << 31 | (exponent + rebias) << 23 | (word & ((1u << mantissa) - 1)) << (23 - mantissa);
    // Denormals count as 0; the largest exponent of e4m3 has numbers and one NaN.
    const bool counts = exponent != 0 && (exponent != max_exponent || layout == Layout::e4m3);
    const std::uint32_t bits = counts ? single : 0u;
    __builtin_memcpy(values + i, &bits, 4);
  }
}

/// Turns a row forward, or back.
template <std::size_t stride, bool back>
void turn_pairs(const SampleRows& sample, const float* waves, const float* __restrict from, float* __restrict to) {
  const float* const cosines = waves;
  const float* const sines = waves + sample.pairs;
  for (std::size_t head = 0; head < sample.channels; head += sample.head_dim) {
    const float* const a = from + head;
    const float* const b = a + (stride == 1 ? sample.pairs : 1);
    float* const to_a = to + head;
    float* const to_b = to_a + (stride == 1 ? sample.pairs : 1);
    for (std::size_t i = 0; i < sample.pairs; ++i) {
      const float c = cosines[i];
      const float s = back ? -sines[i] : sines[i];
      to_a[stride * i] = a[stride * i] * c - b[stride * i] * s;
      to_b[stride * i] = b[stride * i] * c + a[stride * i] * s;
    }
    for (std::size_t i = 2 * sample.pairs; i < sample.head_dim; ++i) to_a[i] = a[i];
  }
}

/// `values`, turned by the row's angles, forward or back; `values` itself if nothing turns.
template <bool back>
const float* turned_row(const SampleRows& sample, std::size_t row, const float* values) {
  if (!sample.waves) return values;
  const float* const waves = sample.waves + row * 2 * sample.pairs;
  if (sample.interleaved) {
    turn_pairs<2, back>(sample, waves, values, sample.scratch);
  } else {
    turn_pairs<1, back>(sample, waves, values, sample.scratch);
  }
  return sample.scratch;
}

void sum_rows(const SampleRows& sample, float* __restrict sums) {
  for (std::size_t row = 0; row < sample.rows; ++row) {
    const float* const values = turned_row<true>(sample, row, sample.values + row * sample.channels);
    for (std::size_t c = 0; c < sample.channels; ++c) sums[c] += values[c];
  }
}

void sum_distances(const SampleRows& sample, const float* means, float* __restrict sums) {
  for (std::size_t row = 0; row < sample.rows; ++row) {
    const float* const predicted = turned_row<false>(sample, row, means);
    const float* const values = sample.values + row * sample.channels;
    for (std::size_t c = 0; c < sample.channels; ++c) sums[c] += __builtin_fabsf(values[c] - predicted[c]);
  }
}

void count_steps(const SampleRows& sample, const Channels& channels, StepCounts& counts) {
  constexpr std::size_t at_once = 256;
  float within[at_once];  // in a loop of its own: compilers would branch to cases that are known beyond 15
  std::uint16_t keys[at_once];
  for (std::size_t row = 0; row < sample.rows; ++row) {
    const float* const predicted = turned_row<false>(sample, row, channels.means);
    const std::uint16_t* const tops = sample.tops + row * sample.channels;
    for (std::size_t first = 0; first < sample.channels; first += at_once) {
      const std::size_t n = sample.channels - first < at_once ? sample.channels - first : at_once;
      for (std::size_t i = 0; i < n; ++i) {
        const float p = predicted[first + i] * channels.per_half_deviation[first + i];
        const float below = p < 15.0f ? p : 15.0f;
        within[i] = below > -15.0f ? below : -15.0f;
      }
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t c = first + i;
        const auto size = static_cast<std::int32_t>(within[i] + 16.5f);
        const std::int32_t step = tops[c] % top_count - channels.bases[c];
        const std::int32_t above = step > 0 ? step : 0;
        keys[i] = static_cast<std::uint16_t>(size << 6 | tops[c] / top_count << 5 | (above < 31 ? above : 31));
      }
      std::size_t i = 0;
      for (; i + 1 < n; i += 2) {
        ++counts.at[0][keys[i]];
        ++counts.at[1][keys[i + 1]];
      }
      if (i < n) ++counts.at[0][keys[i]];
    }
  }
}

constexpr SampleLoops sample_loops{.look = {look_at<Layout::bf16>, look_at<Layout::f16>, look_at<Layout::f32>,
                                            look_at<Layout::e4m3>, look_at<Layout::e5m2>},
                                   .sum_rows = sum_rows,
                                   .sum_distances = sum_distances,
                                   .count_steps = count_steps};

}  // namespace
}  // namespace cinch::tensor
