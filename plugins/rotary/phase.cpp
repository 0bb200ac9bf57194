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

/// Several at a time: divisions take long, and compilers vectorise loops over these.
constexpr unsigned at_once = 8;

/// Replaces values by their exponentials. Requires: -700 < value <= 0.
void exponentials(double (&values)[at_once]) noexcept {
  int halvings[at_once];
  double rest[at_once], sum[at_once];
  for (unsigned i = 0; i < at_once; ++i) {
    halvings[i] = static_cast<int>(-values[i] / ln2 + 0.5);
    rest[i] = values[i] + halvings[i] * ln2;  // |rest| <= 0.35
    sum[i] = 1;
  }
  for (int k = 18; k >= 1; --k) {
    for (unsigned i = 0; i < at_once; ++i) sum[i] = 1 + sum[i] * rest[i] / k;
  }
  for (unsigned i = 0; i < at_once; ++i) {
    values[i] = sum[i] * std::bit_cast<double>(static_cast<std::uint64_t>(1023 - halvings[i]) << 52);
  }
}

}  // namespace

Turn turn_of_radians(double radians) noexcept {
  const double turns = radians * turns_per_radian;
  const double fraction = turns - static_cast<double>(static_cast<std::int64_t>(turns));
  return static_cast<Turn>(static_cast<std::uint64_t>(fraction * 0x1p63)) << 1;
}

std::vector<Turn> turns_of(double base, unsigned rotary_dim) {
  const double log = natural_log(base);
  const unsigned pairs = rotary_dim / 2;
  std::vector<Turn> out;
  out.reserve(pairs);
  for (unsigned first = 0; first < pairs; first += at_once) {
    double radians[at_once];
    for (unsigned i = 0; i < at_once; ++i) radians[i] = -log * (2.0 * (first + i) / rotary_dim);
    exponentials(radians);
    for (unsigned i = 0; i < at_once && first + i < pairs; ++i) out.push_back(turn_of_radians(radians[i]));
  }
  return out;
}

}  // namespace cinch::rotary
