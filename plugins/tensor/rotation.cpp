#include "plugins/tensor/rotation.hpp"

#include <algorithm>
#include <array>

namespace cinch::tensor {
namespace {

constexpr double pi = 3.14159265358979323846;

/// By Taylor's series, of a 32nd of x; good for |x| up to 30.
double exponential(double x) {
  double term = 1;
  double sum = 1;
  for (int i = 1; i < 16; ++i) {
    term = term * (x / 32) / i;
    sum += term;
  }
  for (int i = 0; i < 5; ++i) sum *= sum;
  return sum;
}

/// By Newton's method, for x between 1 and e^30.
double natural_logarithm(double x) {
  double y = 30;
  for (int i = 0; i < 60; ++i) y += x / exponential(y) - 1;
  return y;
}

constexpr double sine_series(double x) {
  double term = x;
  double sum = x;
  for (int i = 1; i < 16; ++i) {
    term = -term * x * x / ((2 * i) * (2 * i + 1));
    sum += term;
  }
  return sum;
}

constexpr unsigned table_bits = 10;

constexpr std::array<std::int32_t, (1u << table_bits) + 1> make_table() {
  std::array<std::int32_t, (1u << table_bits) + 1> table{};
  constexpr unsigned quarter = 1u << (table_bits - 2);
  for (unsigned i = 0; i < table.size(); ++i) {
    const unsigned in_half = i % (2 * quarter);
    const unsigned folded = in_half > quarter ? 2 * quarter - in_half : in_half;
    const double value = sine_series(folded * (pi / 2) / quarter) * (1 << 30);
    const auto rounded = static_cast<std::int32_t>(value + 0.5);
    table[i] = i / (2 * quarter) % 2 ? -rounded : rounded;
  }
  return table;
}

constexpr std::array<std::int32_t, (1u << table_bits) + 1> table = make_table();

std::int16_t to_q15(std::int32_t q30) {
  return static_cast<std::int16_t>(std::clamp((q30 + (1 << 14)) >> 15, -32767, 32767));
}

std::int16_t bounded(std::int32_t amplitude) {
  return static_cast<std::int16_t>(std::clamp(amplitude, -most_amplitude, most_amplitude));
}

}  // namespace

std::int32_t sine(std::uint32_t angle) noexcept {
  const std::uint32_t index = angle >> (32 - table_bits);
  const std::int64_t fraction = angle << table_bits >> 16;
  return static_cast<std::int32_t>(table[index] + (fraction * (table[index + 1] - table[index]) >> 16));
}

std::vector<std::uint32_t> frequencies_of(double base, std::size_t rotary_dim) {
  const double log_base = natural_logarithm(base);
  std::vector<std::uint32_t> frequencies(rotary_dim / 2);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(rotary_dim);
    const double turns = exponential(-log_base * exponent) / (2 * pi);
    frequencies[i] = static_cast<std::uint32_t>(turns * 4294967296.0 + 0.5);
  }
  return frequencies;
}

FineRotation::FineRotation(const Rope& rope)
    : cosines(rotation_tokens * rope.head_dim, 32767), sines(rotation_tokens * rope.head_dim, 0) {
  for (std::size_t token = 0; token < rotation_tokens; ++token) {
    for (std::size_t i = 0; i < rope.rotary_dim / 2u; ++i) {
      const std::uint32_t angle = rope.frequencies[i] * static_cast<std::uint32_t>(token);
      const std::size_t first = token * rope.head_dim + (rope.interleaved ? 2 * i : i);
      const std::size_t second = first + (rope.interleaved ? 1 : rope.rotary_dim / 2u);
      cosines[first] = cosines[second] = to_q15(cosine(angle));
      sines[first] = sines[second] = to_q15(sine(angle));
    }
  }
}

void rotate_means(const Rope& rope, const Means& means, std::uint64_t token, Means& out) {
  const std::size_t channels = means.along.size();
  out.along.resize(channels);
  out.across.resize(channels);
  std::vector<std::int32_t> turned(2u * rope.head_dim, 0);
  for (std::size_t i = 0; i < rope.head_dim; ++i) {
    const bool rotates = i < rope.rotary_dim;
    const std::uint32_t angle = rotates ? static_cast<std::uint32_t>(rope.frequencies[rope.pair_of(i)] * token) : 0;
    turned[2 * i] = to_q15(cosine(angle));
    turned[2 * i + 1] = to_q15(sine(angle));
  }
  for (std::size_t head = 0; head < channels; head += rope.head_dim) {
    for (std::size_t i = 0; i < rope.head_dim; ++i) {
      const std::int32_t along = means.along[head + i];
      const std::int32_t across = means.across[head + i];
      const std::int32_t c = turned[2 * i];
      const std::int32_t s = turned[2 * i + 1];
      out.along[head + i] = bounded((along * c + across * s + (1 << 14)) >> 15);
      out.across[head + i] = bounded((across * c - along * s + (1 << 14)) >> 15);
    }
  }
}

}  // namespace cinch::tensor
