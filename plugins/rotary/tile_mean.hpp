/// A mean that turns, at the beginning of a tile: what `Rotation`'s waves within a tile start from. Part of the formats
/// that use it: every operation is the same on all targets of plugins/simd.
#pragma once

#include "plugins/rotary/rotation.hpp"

namespace cinch::rotary {

inline constexpr unsigned max_channels = 512;

/// Cosines and sines of a tile's first token: `period` of each, rounded.
struct TileWaves {
  float cosine[max_channels];
  float sine[max_channels];

  /// `turns` as `Rotation::channel_turns`. Keeps what it has of the same turns and token.
  template <class T>
  void turn_to(const Turn* turns, std::uint32_t period, std::uint64_t token) {
    if (turns == turns_ && token == token_) return;
    turns_ = turns;
    token_ = token;
    for (std::uint32_t i = 0; i < period; ++i) {
      float c, s;
      wave_at(turns[i], token, c, s);
      cosine[i] = round_to_bits(c, Rotation::tile_wave_bits);
      sine[i] = round_to_bits(s, Rotation::tile_wave_bits);
    }
  }

 private:
  const Turn* turns_ = nullptr;
  std::uint64_t token_ = 0;
};

/// Turns `mean` and its `partner` (see `Rotation::partner_of`) of `channels` channels, a multiple of 16, to the
/// beginning of a tile, whose first token has these `cosines` and `sines`. Means, before and after, are in T's order of
/// registers. Requires: the mean has 8 significant bits.
template <class T>
void turn_mean(const float* mean, const float* partner, std::uint32_t channels, const float* cosines,
               const float* sines, std::uint32_t period, float* turned, float* turned_partner) {
  constexpr int bits = Rotation::wave_bits;
  for (std::uint32_t c = 0; c < channels; c += 16) {
    const std::uint32_t at = c % period;
    const typename T::Floats m = T::load_as_held(mean + c), p = T::load_as_held(partner + c);
    const typename T::Floats cosine = T::load_floats(cosines + at), sine = T::load_floats(sines + at);
    const typename T::Floats along = T::exact_product_add(m, cosine, T::mul(p, sine));
    const typename T::Floats across = T::sub(T::mul(p, cosine), T::mul(m, sine));
    T::store_as_held(turned + c, T::template round_to_bits<bits>(along));
    T::store_as_held(turned_partner + c, T::template round_to_bits<bits>(across));
  }
}

}  // namespace cinch::rotary
