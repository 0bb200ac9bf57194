#include "plugins/tensor/rotation.hpp"

#include <algorithm>
#include <iterator>

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

constexpr SineTable make_table() {
  SineTable table{};
  constexpr unsigned quarter = 1u << (SineTable::bits - 2);
  for (unsigned i = 0; i < std::size(table.at); ++i) {
    const unsigned in_half = i % (2 * quarter);
    const unsigned folded = in_half > quarter ? 2 * quarter - in_half : in_half;
    const double value = sine_series(folded * (pi / 2) / quarter) * (1 << 30);
    const auto rounded = static_cast<std::int32_t>(value + 0.5);
    table.at[i] = i / (2 * quarter) % 2 ? -rounded : rounded;
  }
  return table;
}

/// From one for each pair, at the front, to one for each channel.
void spread(const Rope& rope, std::int16_t* waves) {
  const std::size_t pairs = rope.frequencies.size();
  if (!rope.interleaved) {
    std::copy_n(waves, pairs, waves + pairs);
    return;
  }
  for (std::size_t i = pairs; i-- > 0;) waves[2 * i] = waves[2 * i + 1] = waves[i];
}

/// Of one token, for the channels of a head that rotate.
void rotation_row(const Rope& rope, const Kernels& kernels, std::uint64_t token, std::int16_t* cosines,
                  std::int16_t* sines) {
  kernels.waves(rope.frequencies.data(), rope.frequencies.size(), token, cosines, sines);
  spread(rope, cosines);
  spread(rope, sines);
}

}  // namespace

constinit const SineTable sine_table = make_table();

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

FineRotation::FineRotation(const Rope& rope, const Kernels& kernels)
    : cosines(rotation_tokens * rope.head_dim, 32767), sines(rotation_tokens * rope.head_dim, 0) {
  for (std::size_t token = 0; token < rotation_tokens; ++token) {
    rotation_row(rope, kernels, token, &cosines[token * rope.head_dim], &sines[token * rope.head_dim]);
  }
}

void coarse_rotation(const Rope& rope, const Kernels& kernels, std::uint64_t token, Aligned<std::int16_t>& cosines,
                     Aligned<std::int16_t>& sines) {
  cosines.assign(rope.head_dim, 32767);
  sines.assign(rope.head_dim, 0);
  rotation_row(rope, kernels, token, cosines.data(), sines.data());
}

}  // namespace cinch::tensor
