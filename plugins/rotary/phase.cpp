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

std::vector<Turn> turns_of(double base, unsigned rotary_dim) {
  const double log = natural_log(base);
  std::vector<Turn> out;
  out.reserve(rotary_dim / 2);
  for (unsigned pair = 0; pair < rotary_dim / 2; ++pair) {
    out.push_back(turn_of_radians(exponential(-log * (2.0 * pair / rotary_dim))));
  }
  return out;
}

void waves_at(const Turn* turns, std::size_t count, std::uint64_t token, float* cosines, float* sines) noexcept {
  for (std::size_t i = 0; i < count; ++i) wave_at(turns[i], token, cosines[i], sines[i]);
}

}  // namespace cinch::rotary
