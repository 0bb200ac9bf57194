/// The mean of a head under rotary embedding: K of one channel pair turns with its token, and so does its mean.
///
/// What: `Rotation` has the waves of every place in a tile, tile_mean.hpp what they start from. The prediction of
/// channel c at token t is mean(c) * cosine + partner(c) * sine, with `mean` and `partner` turned to the beginning of
/// the tile of 64 tokens that t is in, and cosine and sine of t's place in its tile. Every product of these is exact in
/// a float (12 x 12 bits; a mean of 8 bits x 16 bits), so that any instruction set gives the same. Threads: immutable
/// once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plugins/rotary/phase.hpp"
#include "plugins/simd/target.hpp"

namespace cinch::rotary {

inline constexpr unsigned tile_tokens = 64;

/// `dim` channels in vectors of 16 floats.
constexpr unsigned padded(unsigned dim) noexcept { return (dim + 15) / 16 * 16; }

/// The loop that computes waves, and the order in which its target reads them.
struct WaveMaker {
  /// Cosines and sines of `count` turns at every one of `rows` tokens; see `loops::waves`.
  void (*waves)(const Turn* turns, std::uint32_t count, const std::uint64_t* tokens, std::size_t rows, float* waves);
  simd::RegisterOrder order;  ///< Of the waves, 16 at a time.
};

class Rotation {
 public:
  static constexpr int wave_bits = 12;       ///< Of waves within a tile, and of a mean turned to its beginning.
  static constexpr int tile_wave_bits = 16;  ///< Of waves of the beginning of a tile.

  /// `turns` has an entry for each pair; channels beyond twice as many do not turn. Requires: pairing is not none.
  Rotation(Pairing pairing, std::vector<Turn> turns, unsigned dim, const WaveMaker& maker);

  /// Cosines and sines of one place in a tile: `period()` of each, channel c's at c % period(), each 16 in the order of
  /// the maker's registers.
  const float* cosines(unsigned place) const noexcept { return &waves_[place * std::size_t{2} * period_]; }
  const float* sines(unsigned place) const noexcept { return cosines(place) + period_; }
  unsigned period() const noexcept { return period_; }
  /// Both halves of a head are whole pairs and share the waves of one.
  bool is_folded() const noexcept { return is_folded_; }

  /// How far channel c turns per token, at c % period(); 0 for those that do not.
  const Turn* channel_turns() const noexcept { return channel_turns_.data(); }

  /// The other channel of c's pair, with the sign of its sine: the prediction is mean(c) * cosine + this * sine.
  float partner_of(std::span<const float> mean, unsigned channel) const noexcept;

  /// The two channels of a pair.
  unsigned first_of(unsigned pair) const noexcept { return pairing_ == Pairing::halves ? pair : 2 * pair; }
  unsigned second_of(unsigned pair) const noexcept {
    return pairing_ == Pairing::halves ? pair + static_cast<unsigned>(turns_.size()) : 2 * pair + 1;
  }

 private:
  Pairing pairing_;
  std::vector<Turn> turns_;
  bool is_folded_;
  unsigned period_;
  std::vector<Turn> channel_turns_;
  std::vector<float> waves_;  // for each place in a tile: cosines, sines
};

}  // namespace cinch::rotary
