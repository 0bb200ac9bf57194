#include "plugins/tensor/rope_search.hpp"

#include <algorithm>
#include <span>

#include "plugins/tensor/logarithm.hpp"

namespace cinch::tensor {
namespace {

constexpr double log_bases[] = {natural_logarithm(1e4), natural_logarithm(1e5), natural_logarithm(5e5),
                                natural_logarithm(1e6), natural_logarithm(1e7)};
constexpr std::size_t guessed_head_dims[] = {128, 64, 256, 96, 80};  // where heads and channels are one dimension
constexpr std::size_t most_rows = 32;
constexpr std::size_t fewest_rows = 24;
constexpr std::size_t most_heads = 4;
constexpr float least_gain = 0.05f;  // bits for each value; without rotation about 0.01 are found by chance

/// Some rows and heads of the sample, the first of each pair in one half and the second in the other.
class Pairs {
 public:
  Pairs(const Sample& sample, std::size_t head_dim, std::size_t rotary_dim, bool interleaved)
      : half(rotary_dim / 2),
        heads(std::min(sample.channels / head_dim, most_heads)),
        skip(std::max<std::size_t>(sample.rows / most_rows, 1)),
        rows(std::min(sample.rows / skip, most_rows)),
        values(rows * heads * rotary_dim),
        first(heads * half),
        second(heads * half),
        energy(heads * half) {
    float* to = values.data();
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t head = 0; head < heads; ++head) {
        const float* const from = sample.row(row * skip) + head * head_dim;
        for (std::size_t i = 0; i < half; ++i) to[i] = from[interleaved ? 2 * i : i];
        for (std::size_t i = 0; i < half; ++i) to[half + i] = from[interleaved ? 2 * i + 1 : half + i];
        add(to, head * half);
        to += rotary_dim;
      }
    }
  }

  std::size_t half;
  std::size_t heads;
  std::size_t skip;
  std::size_t rows;
  std::vector<float> values;
  std::vector<float> first, second, energy;  // sums over the rows, of squares for the last

 private:
  void add(const float* pairs_of_head, std::size_t at) {
    for (std::size_t i = 0; i < half; ++i) {
      const float a = pairs_of_head[i];
      const float b = pairs_of_head[half + i];
      first[at + i] += a;
      second[at + i] += b;
      energy[at + i] += a * a + b * b;
    }
  }
};

/// Bits for each value that taking the mean off after turning the rows back saves against taking it off as they are.
float gain_of(const Sample& sample, const Pairs& pairs, const std::vector<std::uint32_t>& frequencies) {
  const std::size_t n = pairs.heads * pairs.half;
  std::vector<float> along(n), across(n);
  SampleAngles angles(frequencies, sample.first_token, sample.stride * pairs.skip);
  const float* from = pairs.values.data();
  for (std::size_t row = 0; row < pairs.rows; ++row, angles.next()) {
    for (std::size_t head = 0; head < pairs.heads; ++head, from += 2 * pairs.half) {
      float* const to_along = &along[head * pairs.half];
      float* const to_across = &across[head * pairs.half];
      for (std::size_t i = 0; i < pairs.half; ++i) {
        const float a = from[i];
        const float b = from[pairs.half + i];
        const float c = angles.cosines()[i];
        const float s = angles.sines()[i];
        to_along[i] += a * c + b * s;
        to_across[i] += b * c - a * s;
      }
    }
  }
  const float count = static_cast<float>(pairs.rows);
  float gain = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const float least = std::max(pairs.energy[i] * 1e-6f, 1e-30f);
    const float plain = std::max(
        pairs.energy[i] - (pairs.first[i] * pairs.first[i] + pairs.second[i] * pairs.second[i]) / count, least);
    const float turned = std::max(pairs.energy[i] - (along[i] * along[i] + across[i] * across[i]) / count, least);
    if (!(plain < 1e30f && turned < 1e30f)) continue;
    gain += 0.5f * (log2_of(plain) - log2_of(turned));
  }
  return gain / static_cast<float>(n);
}

struct Best {
  float gain = least_gain;
  std::optional<Rope> rope;
};

void try_ropes(const Sample& sample, std::size_t head_dim, std::size_t rotary_dim, Best& best) {
  const Pairs halves(sample, head_dim, rotary_dim, false);
  const Pairs neighbours(sample, head_dim, rotary_dim, true);
  for (const double log_base : log_bases) {
    const std::vector<std::uint32_t> frequencies = frequencies_of(log_base, rotary_dim);
    for (const bool interleaved : {false, true}) {
      const float gain = gain_of(sample, interleaved ? neighbours : halves, frequencies);
      if (gain <= best.gain) continue;
      best = {gain, Rope{interleaved, static_cast<std::uint16_t>(head_dim), static_cast<std::uint16_t>(rotary_dim),
                         frequencies}};
    }
  }
}

bool can_be_head(std::size_t head_dim, std::size_t channels) {
  return head_dim >= 64 && head_dim <= 1024 && head_dim % 2 == 0 && channels % head_dim == 0;
}

}  // namespace

SampleAngles::SampleAngles(const std::vector<std::uint32_t>& frequencies, std::uint64_t first_token,
                           std::uint64_t stride) {
  constexpr float unit = 1.0f / (1 << 30);
  for (const std::uint32_t frequency : frequencies) {
    const auto start = static_cast<std::uint32_t>(frequency * first_token);
    const auto step = static_cast<std::uint32_t>(frequency * stride);
    cosines_.push_back(static_cast<float>(cosine(start)) * unit);
    sines_.push_back(static_cast<float>(sine(start)) * unit);
    step_cosines_.push_back(static_cast<float>(cosine(step)) * unit);
    step_sines_.push_back(static_cast<float>(sine(step)) * unit);
  }
}

void SampleAngles::next() {
  for (std::size_t i = 0; i < cosines_.size(); ++i) {
    const float c = cosines_[i];
    const float s = sines_[i];
    cosines_[i] = c * step_cosines_[i] - s * step_sines_[i];
    sines_[i] = s * step_cosines_[i] + c * step_sines_[i];
  }
}

std::optional<Rope> find_rope(const Sample& sample, std::uint64_t head_dim) {
  if (sample.rows < fewest_rows) return std::nullopt;
  std::vector<std::size_t> head_dims;
  if (head_dim != 0) {
    if (can_be_head(head_dim, sample.channels)) head_dims.push_back(head_dim);
  } else {
    for (const std::size_t guess : guessed_head_dims) {
      if (can_be_head(guess, sample.channels)) head_dims.push_back(guess);
    }
  }
  Best best;
  for (const std::size_t dim : head_dims) {
    try_ropes(sample, dim, dim, best);
    if (head_dim != 0 && !best.rope && dim % 4 == 0 && dim >= 64) try_ropes(sample, dim, dim / 2, best);
  }
  return best.rope;
}

}  // namespace cinch::tensor
