/// Rotary position embeddings in integers, so that every machine predicts the same: angles are in 2^-32 turns, cosines
/// in 2^-15.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plugins/rotary/phase.hpp"
#include "plugins/tensor/aligned.hpp"
#include "plugins/tensor/kernels.hpp"

namespace cinch::tensor {

constexpr std::uint16_t min_head_dim = 64, max_head_dim = 1024;  ///< Of a rotation.

/// How keys were rotated: channel i of a head pairs with i + rotary_dim / 2, or with its neighbour; channels from
/// `rotary_dim` on are not rotated. The angle of a pair grows by its frequency with each token.
struct Rope {
  bool interleaved = false;
  std::uint16_t head_dim = 0;
  std::uint16_t rotary_dim = 0;
  std::vector<std::uint32_t> frequencies;  ///< rotary_dim / 2

  std::size_t partner_of(std::size_t channel) const {
    if (interleaved) return channel ^ 1;
    return channel < rotary_dim / 2u ? channel + rotary_dim / 2u : channel - rotary_dim / 2u;
  }
  bool is_first(std::size_t channel) const { return interleaved ? channel % 2 == 0 : channel < rotary_dim / 2u; }

  bool operator==(const Rope&) const = default;
};

/// By Taylor's series, of a 32nd of x; good for |x| up to 30.
constexpr double exponential(double x) {
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
constexpr double natural_logarithm(double x) {
  double y = 30;
  for (int i = 0; i < 60; ++i) y += x / exponential(y) - 1;
  return y;
}

/// The frequencies base^(-2 i / rotary_dim).
std::vector<std::uint32_t> frequencies_of(double log_base, std::size_t rotary_dim);

/// The same as plugins/rotary counts them, in 2^-64 turns.
std::vector<rotary::Turn> turns_of(const std::vector<std::uint32_t>& frequencies);

constexpr std::size_t rotation_tokens = 64;

/// Cosine and sine of every channel of a head for the first tokens of a tile, [rotation_tokens][head_dim] each.
struct FineRotation {
  FineRotation(const Rope&, const Kernels&);
  Aligned<std::int16_t> cosines;
  Aligned<std::int16_t> sines;
};

/// What is predicted for the channels of a token, in 64ths of half a deviation: `along` is the mean of the channel
/// itself, `across` that of its partner, with the sign that the rotation gives it; none above `max_amplitude`.
struct Means {
  Aligned<std::int16_t> along;
  Aligned<std::int16_t> across;
};

/// Cosine and sine of every channel of a head at `token`.
void coarse_rotation(const Rope&, const Kernels&, std::uint64_t token, Aligned<std::int16_t>& cosines,
                     Aligned<std::int16_t>& sines);

}  // namespace cinch::tensor
