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

/// Rows as two planes, the first and the second channel of every pair: [tokens][heads][pairs].
struct Planes {
  std::size_t pairs;    // of one head
  std::size_t columns;  // of one token
  std::vector<float> first, second;

  Planes(const Sample& sample, Pairing pairing, std::size_t pair_count)
      : pairs(pair_count), columns(sample.heads * pair_count) {
    first.reserve(sample.tokens.size() * columns);
    second.reserve(sample.tokens.size() * columns);
    const std::size_t apart = pairing == Pairing::halves ? pairs : 1;
    const std::size_t stride = pairing == Pairing::halves ? 1 : 2;
    for (std::size_t row = 0; row < sample.tokens.size() * sample.heads; ++row) {
      const float* const values = &sample.rows[row * sample.dim];
      for (std::size_t pair = 0; pair < pairs; ++pair) {
        first.push_back(values[pair * stride]);
        second.push_back(values[pair * stride + apart]);
      }
    }
  }
};

struct Sums {
  std::vector<float> first, second;
  explicit Sums(std::size_t columns) : first(columns), second(columns) {}
};

Sums sums_of(const Planes& planes, std::size_t tokens) {
  Sums sums(planes.columns);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t i = 0; i < planes.columns; ++i) {
      sums.first[i] += planes.first[t * planes.columns + i];
      sums.second[i] += planes.second[t * planes.columns + i];
    }
  }
  return sums;
}

std::vector<float> energy_of(const Planes& planes, std::size_t tokens) {
  std::vector<float> energy(planes.columns);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t i = 0; i < planes.columns; ++i) {
      const float a = planes.first[t * planes.columns + i], b = planes.second[t * planes.columns + i];
      energy[i] += a * a + b * b;
    }
  }
  return energy;
}

/// `waves` are cosines and sines of every token.
Sums turned_back(const Planes& planes, std::size_t tokens, std::span<const float> waves) {
  Sums sums(planes.columns);
  for (std::size_t t = 0; t < tokens; ++t) {
    const float* const cosines = &waves[2 * t * planes.pairs];
    const float* const sines = cosines + planes.pairs;
    for (std::size_t column = 0; column < planes.columns; column += planes.pairs) {
      const float* const first = &planes.first[t * planes.columns + column];
      const float* const second = &planes.second[t * planes.columns + column];
      for (std::size_t i = 0; i < planes.pairs; ++i) {
        sums.first[column + i] += first[i] * cosines[i] + second[i] * sines[i];
        sums.second[column + i] += second[i] * cosines[i] - first[i] * sines[i];
      }
    }
  }
  return sums;
}

}  // namespace

Detected detect(const Sample& sample, std::span<const std::vector<Turn>> candidates, float least_bits) {
  const std::size_t tokens = sample.tokens.size();
  const std::size_t pairs = candidates.empty() ? 0 : candidates[0].size();
  Detected best;
  if (pairs == 0) return best;
  std::vector<float> waves(2 * tokens * pairs);
  const std::array planes{Planes(sample, Pairing::halves, pairs), Planes(sample, Pairing::interleaved, pairs)};
  const std::array plain{sums_of(planes[0], tokens), sums_of(planes[1], tokens)};
  const std::array energy{energy_of(planes[0], tokens), energy_of(planes[1], tokens)};
  for (std::size_t candidate = 0; candidate < candidates.size(); ++candidate) {
    for (std::size_t t = 0; t < tokens; ++t) {
      float* const cosines = &waves[2 * t * pairs];
      waves_at(candidates[candidate].data(), pairs, sample.tokens[t], cosines, cosines + pairs);
    }
    for (const std::size_t p : {std::size_t{0}, std::size_t{1}}) {
      const Sums turned = turned_back(planes[p], tokens, waves);
      float bits = 0;
      for (std::size_t i = 0; i < planes[p].columns; ++i) {
        const float least = energy[p][i] * 1e-6f + 1e-30f;
        const auto variance = [&](const Sums& sums) {
          const float mean = sums.first[i] * sums.first[i] + sums.second[i] * sums.second[i];
          return std::max(energy[p][i] - mean / static_cast<float>(tokens), least);
        };
        bits += half_log2(variance(plain[p]), variance(turned));
      }
      bits /= static_cast<float>(planes[p].columns);
      if (bits > best.bits) best = {p == 0 ? Pairing::halves : Pairing::interleaved, candidate, bits};
    }
  }
  return best.bits >= least_bits ? best : Detected{};
}

}  // namespace cinch::rotary
