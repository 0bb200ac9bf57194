#include "plugins/rotary/phase.hpp"

#include <bit>

namespace cinch::rotary {
namespace {

constexpr double ln2 = 0.693147180559945309417;
constexpr double turns_per_radian = 0.159154943091895335769;

/// Requires: value is normal and positive.
double natural_log(double value) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double mantissa = std::bit_cast<double>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  if (mantissa > 1.4142135623730951) {
    mantissa /= 2;
    ++exponent;
  }
  // log(m) = 2 atanh(z), |z| < 0.172
  const double z = (mantissa - 1) / (mantissa + 1), z2 = z * z;
  double sum = 0;
  for (int k = 25; k >= 1; k -= 2) sum = sum * z2 + 1.0 / k;
  return 2 * z * sum + exponent * ln2;
}

/// Requires: -700 < value <= 0.
double exponential(double value) noexcept {
  const auto halvings = static_cast<int>(-value / ln2 + 0.5);
  const double rest = value + halvings * ln2;  // |rest| <= 0.35
  double sum = 1;
  for (int k = 18; k >= 1; --k) sum = 1 + sum * rest / k;
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(1023 - halvings) << 52);
}

}  // namespace

Turn turn_of_radians(double radians) noexcept {
  const double turns = radians * turns_per_radian;
  const double fraction = turns - static_cast<double>(static_cast<std::int64_t>(turns));
  return static_cast<Turn>(static_cast<std::uint64_t>(fraction * 0x1p63)) << 1;
}

Turn turn_of(double base, unsigned pair, unsigned rotary_dim) noexcept {
  return turn_of_radians(exponential(-natural_log(base) * (2.0 * pair / rotary_dim)));
}

void waves_at(const Turn* turns, std::size_t count, std::uint64_t token, float* cosines, float* sines) noexcept {
  constexpr float quarter_turn = 1.57079632679489662f;
  for (std::size_t i = 0; i < count; ++i) {
    const auto turn = static_cast<std::uint32_t>((turns[i] * token) >> 32);
    // The nearest quarter of a turn, and what is left of it: an eighth of a turn at most, in units of 2^-30 quarters.
    const std::uint32_t quarter = (turn + 0x20000000u) >> 30;
    const auto rest = static_cast<std::int32_t>(turn - (quarter << 30));
    const float x = static_cast<float>(rest) * 0x1p-30f * quarter_turn;
    const float x2 = x * x;
    const float sine = x * (1.0f + x2 * (-0.166666667f + x2 * (0.00833333333f + x2 * -0.000198412698f)));
    const float cosine = 1.0f + x2 * (-0.5f + x2 * (0.0416666667f + x2 * (-0.00138888889f + x2 * 0.0000248015873f)));
    const bool is_swapped = (quarter & 1) != 0;
    const float c = is_swapped ? sine : cosine;
    const float s = is_swapped ? cosine : sine;
    cosines[i] = ((quarter + 1) & 2) != 0 ? -c : c;
    sines[i] = (quarter & 2) != 0 ? -s : s;
  }
}

float round_to_bits(float value, int bits) noexcept {
  const int dropped = 24 - bits;
  std::uint32_t raw = std::bit_cast<std::uint32_t>(value);
  raw += 1u << (dropped - 1);
  raw &= ~((1u << dropped) - 1);
  return std::bit_cast<float>(raw);
}

}  // namespace cinch::rotary
