#include "plugins/rotary/detection.hpp"

#include <algorithm>
#include <bit>

namespace cinch::rotary {
namespace {

/// Half the binary logarithm of a ratio, to about 0.01. Requires: both are normal and positive.
float half_log2(float above, float below) noexcept {
  const auto log2 = [](float value) {
    const auto raw = std::bit_cast<std::uint32_t>(value);
    const float mantissa = std::bit_cast<float>((raw & 0x7fffff) | 0x3f800000) - 1.0f;
    return static_cast<float>(static_cast<int>(raw >> 23)) + mantissa * (1.3465f - 0.3465f * mantissa);
  };
  return 0.5f * (log2(above) - log2(below));
}

struct Plain;  // compiled as this source is

std::array<std::vector<float>, 2> split(const Sample& sample, Pairing pairing, std::size_t pairs) {
  const std::size_t rows = sample.tokens.size() * sample.heads;
  const std::size_t stride = pairing == Pairing::halves ? 1 : 2, apart = pairing == Pairing::halves ? pairs : 1;
  std::array<std::vector<float>, 2> made{std::vector<float>(rows * pairs), std::vector<float>(rows * pairs)};
  for (std::size_t row = 0; row < rows; ++row) {
    const float* const values = &sample.rows[row * sample.dim];
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      made[0][row * pairs + pair] = values[pair * stride];
      made[1][row * pairs + pair] = values[pair * stride + apart];
    }
  }
  return made;
}

}  // namespace

const DetectionLoops least_detection_loops = detection_loops<Plain>;

Detected detect(const Sample& sample, std::span<const std::vector<Turn>> candidates, const DetectionLoops& loops) {
  const std::size_t tokens = sample.tokens.size();
  const std::size_t pairs = candidates.empty() ? 0 : candidates[0].size();
  if (pairs == 0) return {};
  constexpr float least_bits = 0.05f;
  const std::size_t columns = pairs * sample.heads;
  std::vector<float> waves(candidates.size() * 2 * tokens * pairs), energy(columns), still(columns), turned(columns);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    loops.waves(candidates[i].data(), static_cast<std::uint32_t>(pairs), sample.tokens.data(), tokens,
                &waves[i * 2 * tokens * pairs]);
  }
  Detected best;
  for (const Pairing pairing : {Pairing::halves, Pairing::interleaved}) {
    const auto values = split(sample, pairing, pairs);
    const Planes planes{values[0].data(), values[1].data(), tokens, pairs, columns};
    loops.still(planes, energy.data(), still.data());
    for (std::size_t candidate = 0; candidate < candidates.size(); ++candidate) {
      loops.turned(planes, &waves[candidate * 2 * tokens * pairs], turned.data());
      float bits = 0;
      for (std::size_t i = 0; i < columns; ++i) {
        const float least = energy[i] * 1e-6f + 1e-30f, share = 1.0f / static_cast<float>(tokens);
        bits +=
            half_log2(std::max(energy[i] - still[i] * share, least), std::max(energy[i] - turned[i] * share, least));
      }
      bits /= static_cast<float>(columns);
      if (bits > best.bits) best = {pairing, candidate, bits};
    }
  }
  return best.bits >= least_bits ? best : Detected{};
}

}  // namespace cinch::rotary
