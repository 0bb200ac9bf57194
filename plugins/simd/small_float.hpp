/// Floating-point numbers of 16 and 8 bits, in integer arithmetic.
#pragma once

#include <bit>
#include <cstdint>

namespace cinch::simd {

/// A sign, `exponent_bits` and `mantissa_bits`; subnormals. The largest exponent stands for infinity and NaN, or,
/// `finite`, for numbers and one NaN of all ones (F8 E4M3).
template <int exponent_bits, int mantissa_bits, bool finite = false>
struct SmallFloat {
  static constexpr int bias = (1 << (exponent_bits - 1)) - 1;
  static constexpr std::uint32_t mantissa_mask = (1u << mantissa_bits) - 1;
  static constexpr std::uint32_t exponent_mask = (1u << exponent_bits) - 1;
  static constexpr int dropped = 23 - mantissa_bits;
  static constexpr std::uint32_t most_raw =
      finite ? (exponent_mask << mantissa_bits | mantissa_mask) - 1 : (exponent_mask << mantissa_bits) - 1;

  static constexpr float decode(std::uint32_t raw) noexcept {
    const std::uint32_t sign = raw >> (exponent_bits + mantissa_bits) << 31;
    const std::uint32_t rest = raw & (exponent_mask << mantissa_bits | mantissa_mask);
    const std::uint32_t exponent = rest >> mantissa_bits;
    std::uint32_t bits = 0;
    if (rest > most_raw) {
      const bool is_infinite = !finite && (rest & mantissa_mask) == 0;
      bits = is_infinite ? 0x7f800000 : 0x7fc00000;
    } else if (exponent == 0) {  // mantissa * 2^(1 - bias - mantissa_bits), exactly
      bits = std::bit_cast<std::uint32_t>(
          static_cast<float>(rest) *
          std::bit_cast<float>(static_cast<std::uint32_t>(128 - bias - mantissa_bits) << 23));
    } else {
      bits = (rest << dropped) + (static_cast<std::uint32_t>(127 - bias) << 23);
    }
    return std::bit_cast<float>(sign | bits);
  }

  /// The nearest, halves to even; what is larger than all becomes the largest. Requires: not NaN.
  static constexpr std::uint32_t encode(float value) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t magnitude = bits & 0x7fffffff;
    constexpr std::uint32_t least_normal = static_cast<std::uint32_t>(128 - bias) << 23;
    // Added to this, a subnormal's steps are those of the sum's mantissa.
    constexpr std::uint32_t magic = static_cast<std::uint32_t>(128 - bias + dropped) << 23;
    const std::uint32_t subnormal =
        std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + std::bit_cast<float>(magic)) - magic;
    const std::uint32_t rounded = magnitude + (1u << (dropped - 1)) - 1 + (magnitude >> dropped & 1);
    const std::uint32_t normal = (rounded >> dropped) - (static_cast<std::uint32_t>(127 - bias) << mantissa_bits);
    std::uint32_t raw = magnitude < least_normal ? subnormal : normal;
    raw = magnitude >= 0x7f000000 || raw > most_raw ? most_raw : raw;
    return bits >> 31 << (exponent_bits + mantissa_bits) | raw;
  }

  static constexpr float most =
      std::bit_cast<float>(((most_raw << dropped) + (static_cast<std::uint32_t>(127 - bias) << 23)));
};

}  // namespace cinch::simd
