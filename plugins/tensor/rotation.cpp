#include "plugins/tensor/rotation.hpp"

#include <algorithm>
#include <array>

namespace cinch::tensor {
namespace {

constexpr double pi = 3.14159265358979323846;

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

/// Of one token, for the channels of a head that rotate.
void rotation_row(const Rope& rope, std::uint64_t token, std::int16_t* cosines, std::int16_t* sines) {
  const std::size_t pairs = rope.frequencies.size();
  const std::size_t stride = rope.interleaved ? 2 : 1;
  const std::size_t apart = rope.interleaved ? 1 : pairs;
  for (std::size_t i = 0; i < pairs; ++i) {
    const auto angle = static_cast<std::uint32_t>(rope.frequencies[i] * token);
    const std::int16_t c = to_q15(cosine(angle));
    const std::int16_t s = to_q15(sine(angle));
    cosines[stride * i] = cosines[stride * i + apart] = c;
    sines[stride * i] = sines[stride * i + apart] = s;
  }
}

}  // namespace

std::int32_t sine(std::uint32_t angle) noexcept {
  const std::uint32_t index = angle >> (32 - table_bits);
  const std::int64_t fraction = angle << table_bits >> 16;
  return static_cast<std::int32_t>(table[index] + (fraction * (table[index + 1] - table[index]) >> 16));
}

std::vector<std::uint32_t> frequencies_of(double log_base, std::size_t rotary_dim) {
  const double ratio = exponential(-2 * log_base / static_cast<double>(rotary_dim));
  double turns = 1 / (2 * pi);
  std::vector<std::uint32_t> frequencies(rotary_dim / 2);
  for (std::uint32_t& frequency : frequencies) {
    frequency = static_cast<std::uint32_t>(turns * 4294967296.0 + 0.5);
    turns *= ratio;
  }
  return frequencies;
}

std::vector<rotary::Turn> turns_of(const std::vector<std::uint32_t>& frequencies) {
  std::vector<rotary::Turn> turns;
  for (const std::uint32_t frequency : frequencies) turns.push_back(rotary::Turn{frequency} << 32);
  return turns;
}

FineRotation::FineRotation(const Rope& rope)
    : cosines(rotation_tokens * rope.head_dim, 32767), sines(rotation_tokens * rope.head_dim, 0) {
  for (std::size_t token = 0; token < rotation_tokens; ++token) {
    rotation_row(rope, token, &cosines[token * rope.head_dim], &sines[token * rope.head_dim]);
  }
}

void coarse_rotation(const Rope& rope, std::uint64_t token, Aligned<std::int16_t>& cosines,
                     Aligned<std::int16_t>& sines) {
  cosines.assign(rope.head_dim, 32767);
  sines.assign(rope.head_dim, 0);
  rotation_row(rope, token, cosines.data(), sines.data());
}

}  // namespace cinch::tensor
