/// Steps of quantisation: powers of 2^(1/4), of 16 significant bits, so that a step times a byte is exact in a float.
#pragma once

#include <bit>
#include <cstdint>

#include "plugins/simd/target.hpp"

namespace cinch::quant {

inline constexpr int max_step_code = 400;  ///< Codes are -400 to 400: steps of 2^-100 to 2^100.

/// 2^(code / 4), rounded down. Without a table, so that compilers vectorise it.
CINCH_ALWAYS_INLINE float step_of(int code) noexcept {
  const std::uint32_t low = (code & 1) != 0 ? 0x3f983700 : 0x3f800000, high = (code & 1) != 0 ? 0x3fd74400 : 0x3fb50400;
  return std::bit_cast<float>(((code & 2) != 0 ? high : low) + (static_cast<std::uint32_t>(code >> 2) << 23));
}

CINCH_ALWAYS_INLINE float inverse_step_of(int code) noexcept { return 1.0f / step_of(code); }

/// The code of the largest step whose square is at most `square`. Requires: normal and positive.
CINCH_ALWAYS_INLINE int code_of_square(float square) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(square);
  return 2 * (static_cast<int>(bits >> 23) - 127) + ((bits & 0x7fffff) >= 0x3504f4 ? 1 : 0);
}

/// Whether `a` is less than `b`, of numbers that are not negative; NaN is greater than all. Compilers vectorise
/// comparisons as integers, and `both` and `either` rather than && and ||.
CINCH_ALWAYS_INLINE bool is_less(float a, float b) noexcept {
  return std::bit_cast<std::uint32_t>(a) < std::bit_cast<std::uint32_t>(b);
}
CINCH_ALWAYS_INLINE bool both(bool a, bool b) noexcept { return (unsigned{a} & unsigned{b}) != 0; }
CINCH_ALWAYS_INLINE bool either(bool a, bool b) noexcept { return (unsigned{a} | unsigned{b}) != 0; }

}  // namespace cinch::quant
