/// A binary logarithm that is the same on every machine: encoders decide by it.
#pragma once

#include <bit>
#include <cstdint>

namespace cinch::rotary {

/// log2 of a positive, finite, normal number, to about 0.001.
inline float log2_of(float x) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
  const float exponent = static_cast<float>(static_cast<std::int32_t>(bits >> 23) - 127);
  const float m = std::bit_cast<float>((bits & 0x7fffffu) | 0x3f800000u);
  return exponent + (((-0.08161580f * m + 0.64514236f) * m - 2.12067489f) * m + 4.07009079f) * m - 2.51285462f;
}

}  // namespace cinch::rotary
