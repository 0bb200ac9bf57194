#include "plugins/tensor/candidate.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <span>

#include "plugins/rotary/logarithm.hpp"

namespace cinch::tensor {
namespace {

/// By sign, then by exponent and first mantissa bit.
using TopCounts = std::array<std::uint32_t, 2 * std::size_t{top_count}>;

TopCounts count_tops(const Sample& sample) {
  TopCounts counts[4] = {};  // so that equal neighbours do not wait for each other
  const std::size_t whole = sample.tops.size() / 4 * 4;
  for (std::size_t i = 0; i < whole; i += 4) {
    ++counts[0][sample.tops[i]];
    ++counts[1][sample.tops[i + 1]];
    ++counts[2][sample.tops[i + 2]];
    ++counts[3][sample.tops[i + 3]];
  }
  for (std::size_t i = whole; i < sample.tops.size(); ++i) ++counts[0][sample.tops[i]];
  for (std::size_t i = 0; i < counts[0].size(); ++i) counts[0][i] += counts[1][i] + counts[2][i] + counts[3][i];
  return counts[0];
}

std::uint32_t sum_of(std::span<const std::uint32_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint32_t{0});
}

/// 2^(level / 8).
float deviation_of(int level) {
  constexpr float powers[8] = {1.0f,       1.0905077f, 1.1892071f, 1.2968396f,
                               1.4142135f, 1.5422108f, 1.6817928f, 1.8340081f};
  const int exponent = std::clamp((level >> 3) + 127, 1, 254);
  return powers[level & 7] * std::bit_cast<float>(static_cast<std::uint32_t>(exponent) << 23);
}

int level_of(float deviation) {
  if (!(deviation > 1.2e-38f)) return -8 * 126;
  if (!(deviation < 1e38f)) return 8 * 126;
  const float level = 8 * rotary::log2_of(deviation) + 0.5f;
  const int cut = static_cast<int>(level);
  return level < static_cast<float>(cut) ? cut - 1 : cut;  // std::floor may be a call of libm
}

/// The rows of a sample, and how they turn.
class Rows {
 public:
  Rows(const Sample& sample, const Kernels& kernels, const std::optional<Rope>& rope) : scratch_(sample.channels) {
    rows = {sample.values.data(), sample.tops.data(), sample.rows, sample.channels, nullptr, 0, 0, false,
            scratch_.data()};
    if (!rope) return;
    const std::vector<rotary::Turn> turns = turns_of(rope->frequencies);
    std::vector<std::uint64_t> tokens;
    for (std::size_t i = 0; i < sample.rows; ++i) tokens.push_back(sample.token(i));
    waves_.resize(2 * turns.size() * tokens.size());
    kernels.detection->waves(turns.data(), static_cast<std::uint32_t>(turns.size()), tokens.data(), tokens.size(),
                             waves_.data());
    rows.waves = waves_.data();
    rows.pairs = turns.size();
    rows.head_dim = rope->head_dim;
    rows.interleaved = rope->interleaved;
  }

  SampleRows rows;

 private:
  Aligned<float> scratch_;
  Aligned<float> waves_;
};

/// Levels and means of the channels as they are stored.
void set_channels(const Aligned<float>& deviations, const Aligned<float>& means, const std::optional<Rope>& rope,
                  PlaneModel& model) {
  const std::size_t channels = deviations.size();
  std::vector<int> levels(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    float size = std::abs(means[c]);
    if (rope && c % rope->head_dim < rope->rotary_dim) {
      const float other = std::abs(means[c / rope->head_dim * rope->head_dim + rope->partner_of(c % rope->head_dim)]);
      size = std::max(size, other);
    }
    levels[c] = level_of(std::max(deviations[c], size / 12));  // means are stored up to 16 deviations
  }
  const auto [least, most] = std::ranges::minmax(levels);
  model.level = static_cast<std::int16_t>(std::max(least, most - 255));
  for (std::size_t c = 0; c < channels; ++c) {
    const int level = std::max<int>(levels[c], model.level);
    model.levels.push_back(static_cast<std::uint8_t>(level - model.level));
    float mean = means[c] * 8 / deviation_of(level);
    if (std::isnan(mean)) mean = 0;  // sums of numbers that are as large as they can be
    model.means.push_back(static_cast<std::int8_t>(std::clamp(mean, -127.0f, 127.0f) + (mean < 0 ? -0.5f : 0.5f)));
  }
}

/// By context, from counts by prediction.
Histogram in_contexts(const StepCounts& counts) {
  Histogram histogram{};
  for (unsigned first = 0; first < std::size(counts.at[0]); first += 2 * step_count) {
    const unsigned context = context_byte(static_cast<int>(first / (2 * step_count)) - 16);
    for (const unsigned sign : {0u, 1u}) {
      const unsigned turn = sign ^ (context >> 7);
      for (unsigned step = 0; step < step_count; ++step) {
        const unsigned i = first + sign * step_count + step;
        histogram[((context & 0x70) >> 3 | turn) * step_count + step] += counts.at[0][i] + counts.at[1][i];
      }
    }
  }
  return histogram;
}

}  // namespace

Candidate uniform_candidate(const Sample& sample, Layout layout) {
  const TopCounts counts = count_tops(sample);
  const std::size_t rare = sample.tops.size() / 2048;
  std::size_t above = 0;
  unsigned last = top_count - 1;
  while (last > 0 && (above += counts[last] + counts[top_count + last]) <= rare) --last;
  Candidate candidate;
  candidate.model.kind = PlaneKind::uniform;
  const int base = static_cast<int>(last | 1) - 29;  // even, so that cells are octaves of the type
  candidate.model.level = static_cast<std::int16_t>(4 * (base - static_cast<int>(base_of(0, layout))));
  const unsigned real_base = base_of(candidate.model.level, layout);
  for (const unsigned turn : {0u, 1u}) {
    const std::span<const std::uint32_t> tops = std::span(counts).subspan(turn * top_count, top_count);
    const std::span<std::uint32_t> steps = std::span(candidate.histogram).subspan(turn * step_count, step_count);
    const std::size_t first = std::min<std::size_t>(real_base + 1, top_count),
                      end = std::min<std::size_t>(real_base + 31, top_count);
    steps[0] = sum_of(tops.first(first));
    std::ranges::copy(tops.subspan(first, end - first), steps.begin() + 1);
    steps[31] = sum_of(tops.subspan(end));
  }
  return candidate;
}

Candidate channel_candidate(const Sample& sample, const Kernels& kernels, Layout layout,
                            const std::optional<Rope>& rope) {
  Candidate candidate;
  candidate.rope = rope;
  candidate.model.kind = rope ? PlaneKind::rotary : PlaneKind::channels;
  const Rows rows(sample, kernels, rope);
  Aligned<float> means(sample.channels), deviations(sample.channels);
  kernels.sample.sum_rows(rows.rows, means.data());
  const float share = 1.0f / static_cast<float>(sample.rows);
  for (float& mean : means) mean *= share;
  kernels.sample.sum_distances(rows.rows, means.data(), deviations.data());
  // From the mean of |x| to the deviation, if Gaussian.
  for (float& deviation : deviations) deviation *= 1.2533f * share;
  set_channels(deviations, means, rope, candidate.model);

  Aligned<float> per_half_deviation(sample.channels);
  Aligned<std::uint16_t> bases(sample.channels);
  for (std::size_t c = 0; c < sample.channels; ++c) {
    const int level = candidate.model.level + candidate.model.levels[c];
    per_half_deviation[c] = 2 / deviation_of(level);
    bases[c] = static_cast<std::uint16_t>(base_of(level, layout));
    means[c] = static_cast<float>(candidate.model.means[c]) * deviation_of(level) / 8;
  }
  StepCounts counts{};
  kernels.sample.count_steps(rows.rows, {means.data(), per_half_deviation.data(), bases.data()}, counts);
  candidate.histogram = in_contexts(counts);
  return candidate;
}

}  // namespace cinch::tensor
