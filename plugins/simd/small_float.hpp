/// Floating-point numbers of 16 and 8 bits, in integer arithmetic.
#pragma once

#include <bit>
#include <cstdint>

namespace cinch::simd {

/// A sign, `exponent_bits` and `mantissa_bits`, with subnormals. The largest exponent stands for infinity and NaN or,
/// if `finite`, for numbers and one NaN of all ones (F8 E4M3).
template <int exponent_bits, int mantissa_bits, bool finite = false>
struct SmallFloat {
  static constexpr bool has_infinity = !finite;
  static constexpr int mantissa = mantissa_bits;  // for code that only has the type
  static constexpr int bias = (1 << (exponent_bits - 1)) - 1;
  static constexpr std::uint32_t mantissa_mask = (1u << mantissa_bits) - 1;
  static constexpr std::uint32_t exponent_mask = (1u << exponent_bits) - 1;
  static constexpr int dropped = 23 - mantissa_bits;
  static constexpr std::uint32_t max_raw =
      finite ? (exponent_mask << mantissa_bits | mantissa_mask) - 1 : (exponent_mask << mantissa_bits) - 1;

  /// The smallest normal value, as a float's bits.
  static constexpr std::uint32_t min_normal = static_cast<std::uint32_t>(128 - bias) << 23;
  /// A float of these bits; added to a subnormal value, it makes the mantissa's last bit the subnormals' step.
  static constexpr std::uint32_t magic = static_cast<std::uint32_t>(128 - bias + dropped) << 23;
  /// Added to a normal value's bits, plus one if the last kept bit is odd, it rounds them, halves to even, and
  /// subtracts the difference of the biases.
  static constexpr std::uint32_t to_rounded =
      (1u << (dropped - 1)) - 1 - (static_cast<std::uint32_t>(127 - bias) << 23);

  static constexpr float decode(std::uint32_t raw) noexcept {
    const std::uint32_t sign = raw >> (exponent_bits + mantissa_bits) << 31;
    const std::uint32_t rest = raw & (exponent_mask << mantissa_bits | mantissa_mask);
    const std::uint32_t exponent = rest >> mantissa_bits;
    std::uint32_t bits = 0;
    if (rest > max_raw) {
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

  /// The nearest, halves to even; larger values become the largest. Requires: not NaN.
  static constexpr std::uint32_t encode(float value) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t magnitude = bits & 0x7fffffff;
    const std::uint32_t subnormal =
        std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + std::bit_cast<float>(magic)) - magic;
    const std::uint32_t normal = (magnitude + (magnitude >> dropped & 1) + to_rounded) >> dropped;
    std::uint32_t raw = magnitude < min_normal ? subnormal : normal;
    raw = raw > max_raw ? max_raw : raw;
    return bits >> 31 << (exponent_bits + mantissa_bits) | raw;
  }

  static constexpr float most =
      std::bit_cast<float>(((max_raw << dropped) + (static_cast<std::uint32_t>(127 - bias) << 23)));
};

using Half = SmallFloat<5, 10>;
using E4m3 = SmallFloat<4, 3, true>;
using E5m2 = SmallFloat<5, 2>;

}  // namespace cinch::simd
