/// Finds out how K was rotated, from a few of its rows.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "plugins/rotary/phase.hpp"

namespace cinch::rotary {

/// The bases in use.
inline constexpr std::array usual_bases{1e4, 1e5, 5e5, 1e6};

/// Rows of finite values of about the same length: [tokens.size()][heads][dim].
struct Sample {
  std::span<const float> rows;
  std::span<const std::uint64_t> tokens;
  unsigned heads;
  unsigned dim;
};

struct Detected {
  Pairing pairing = Pairing::none;
  std::size_t candidate = 0;  ///< Index of what fitted.
  float bits = 0;             ///< Saved for each value by a mean that turns, instead of one that does not.
};

/// The best of all `candidates` (turns of each pair; all of the same rotary dimension, at most 512) in both pairings;
/// none where not even the best saves `least_bits`. Deterministic. Requires: two tokens at least.
Detected detect(const Sample& sample, std::span<const std::vector<Turn>> candidates, float least_bits = 0.05f);

}  // namespace cinch::rotary
