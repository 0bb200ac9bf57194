/// Rotary position embedding (Su et al., "RoFormer", 2021): how far each pair of channels turns per token, and its sine
/// and cosine at any token, the same to the last bit on every machine.
///
/// What: an angle is a fraction of a turn in 64 bits, so that token times angle is exact and wraps as angles do; sines
/// come from a polynomial in single precision. No function of libm is called. Requires: compiled without contraction of
/// floating-point expressions (-ffp-contract=off). Threads: pure functions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "plugins/simd/target.hpp"

namespace cinch::rotary {

/// 2^64 is a whole turn.
using Turn = std::uint64_t;

/// Which two channels of a head turn together: i and i + rotary_dim / 2, or 2i and 2i + 1.
enum class Pairing : std::uint8_t { none, halves, interleaved };

/// base^(-2 * pair / rotary_dim) radians per token, of every pair. Requires: 1 < base < 1e30.
std::vector<Turn> turns_of(double base, unsigned rotary_dim);

/// Requires: 0 <= radians < 1e6.
Turn turn_of_radians(double radians) noexcept;

/// Cosine and sine of `token` times `turn`. For kernels of every target: the same instructions in all of them.
CINCH_ALWAYS_INLINE void wave_at(Turn turn, std::uint64_t token, float& cosine, float& sine) noexcept {
  constexpr float quarter_turn = 1.57079632679489662f;
  // The upper 32 of the product's low 64 bits, from halves, which compilers can vectorise.
  const auto turn_low = static_cast<std::uint32_t>(turn), turn_high = static_cast<std::uint32_t>(turn >> 32);
  const auto token_low = static_cast<std::uint32_t>(token), token_high = static_cast<std::uint32_t>(token >> 32);
  const std::uint32_t angle = static_cast<std::uint32_t>((std::uint64_t{turn_low} * token_low) >> 32) +
                              turn_high * token_low + turn_low * token_high;
  // The nearest quarter of a turn, and what is left of it: an eighth of a turn at most, in units of 2^-30 quarters.
  const std::uint32_t quarter = (angle + 0x20000000u) >> 30;
  const auto rest = static_cast<std::int32_t>(angle - (quarter << 30));
  const float x = static_cast<float>(rest) * 0x1p-30f * quarter_turn;
  const float x2 = x * x;
  const float s = x * (1.0f + x2 * (-0.166666667f + x2 * (0.00833333333f + x2 * -0.000198412698f)));
  const float c = 1.0f + x2 * (-0.5f + x2 * (0.0416666667f + x2 * (-0.00138888889f + x2 * 0.0000248015873f)));
  // Odd quarters swap sine and cosine; signs are bits.
  const auto s_bits = std::bit_cast<std::uint32_t>(s), c_bits = std::bit_cast<std::uint32_t>(c);
  const std::uint32_t swapped = (s_bits ^ c_bits) & (0u - (quarter & 1));
  cosine = std::bit_cast<float>((c_bits ^ swapped) ^ (((quarter + 1) & 2) << 30));
  sine = std::bit_cast<float>((s_bits ^ swapped) ^ ((quarter & 2) << 30));
}

/// `value` rounded to `bits` significant bits: products of two such numbers of 24 bits in all are exact.
CINCH_ALWAYS_INLINE float round_to_bits(float value, int bits) noexcept {
  const int dropped = 24 - bits;
  std::uint32_t raw = std::bit_cast<std::uint32_t>(value);
  raw += 1u << (dropped - 1);
  raw &= ~((1u << dropped) - 1);
  return std::bit_cast<float>(raw);
}

}  // namespace cinch::rotary
