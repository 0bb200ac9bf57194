/// K of a small cache after rotary embedding, which tensor codecs detect.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>

#include "tests/support/random.hpp"

namespace cinch::test {

/// bf16 [tokens, heads, 64]: means that turn, channel i paired with i + 32, or channel 2i with 2i + 1, and noise.
inline std::string turning_keys(std::uint64_t tokens, std::uint64_t heads, double base = 1e4,
                                bool is_interleaved = false) {
  std::string out;
  LinearCongruential random;
  for (std::uint64_t token = 0; token < tokens; ++token) {
    for (std::uint64_t head = 0; head < heads; ++head) {
      for (unsigned channel = 0; channel < 64; ++channel) {
        const unsigned pair = is_interleaved ? channel / 2 : channel % 32;
        const bool is_first = is_interleaved ? channel % 2 == 0 : channel < 32;
        const double angle =
            static_cast<double>(token) * std::pow(base, -2.0 * pair / 64) + static_cast<double>(head + pair);
        const double noise = static_cast<double>(random.next() >> 16) / 16384 - 2;
        const auto value = static_cast<float>(3 * (is_first ? std::cos(angle) : std::sin(angle)) + noise);
        const auto bits = std::bit_cast<std::uint32_t>(value);
        out += static_cast<char>(bits >> 16);
        out += static_cast<char>(bits >> 24);
      }
    }
  }
  return out;
}

}  // namespace cinch::test
