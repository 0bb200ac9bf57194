/// Rotary position embedding (Su et al., "RoFormer", 2021): how far each pair of channels turns per token, and its sine
/// and cosine at any token, the same to the last bit on every machine.
///
/// What: an angle is a fraction of a turn in 64 bits, so that token times angle is exact and wraps as angles do; sines
/// come from a polynomial in single precision. No function of libm is called. Requires: compiled without contraction of
/// floating-point expressions (-ffp-contract=off). Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cinch::rotary {

/// 2^64 is a whole turn.
using Turn = std::uint64_t;

/// Which two channels of a head turn together: i and i + rotary_dim / 2, or 2i and 2i + 1.
enum class Pairing : std::uint8_t { none, halves, interleaved };

/// base^(-2 * pair / rotary_dim) radians per token. Requires: 1 < base < 1e30; 2 * pair < rotary_dim.
Turn turn_of(double base, unsigned pair, unsigned rotary_dim) noexcept;

/// Requires: 0 <= radians < 1e6.
Turn turn_of_radians(double radians) noexcept;

/// Cosine and sine of `count` turns times `token`.
void waves_at(const Turn* turns, std::size_t count, std::uint64_t token, float* cosines, float* sines) noexcept;

/// `value` rounded to `bits` significant bits: products of two such numbers of 24 bits in all are exact.
float round_to_bits(float value, int bits) noexcept;

}  // namespace cinch::rotary
