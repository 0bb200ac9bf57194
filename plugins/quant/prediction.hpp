/// What a head's mean predicts at a token. Part of the format: every operation is the same on all targets.
#pragma once

#include "plugins/quant/block.hpp"
#include "plugins/rotary/rotation.hpp"

namespace cinch::quant {

/// A head's mean turned to the beginning of a tile.
template <class T>
struct TileMean {
  float mean[most_dim];
  float partner[most_dim];
};

template <class T>
struct TileWaves {
  float cosine[most_dim];
  float sine[most_dim];
  const rotary::Turn* turns = nullptr;  // of whom
  std::uint64_t token = 0;

  void turn_to(const Head& head, std::uint64_t to) {
    if (head.turns == turns && to == token) return;
    turns = head.turns;
    token = to;
    for (std::uint32_t i = 0; i < head.period; ++i) {
      float c, s;
      rotary::wave_at(turns[i], token, c, s);
      cosine[i] = rotary::round_to_bits(c, rotary::Rotation::tile_wave_bits);
      sine[i] = rotary::round_to_bits(s, rotary::Rotation::tile_wave_bits);
    }
  }
};

template <class T>
void turn_mean(const Head& head, std::uint32_t channels, const TileWaves<T>& waves, TileMean<T>& to) {
  constexpr int bits = rotary::Rotation::wave_bits;
  for (std::uint32_t c = 0; c < channels; c += 16) {
    const std::uint32_t at = c % head.period;
    const typename T::Floats mean = T::load_floats(head.mean + c), partner = T::load_floats(head.partner + c);
    const typename T::Floats cosine = T::load_floats(waves.cosine + at), sine = T::load_floats(waves.sine + at);
    const typename T::Floats turned = T::exact_product_add(mean, cosine, T::mul(partner, sine));
    const typename T::Floats other = T::sub(T::mul(partner, cosine), T::mul(mean, sine));
    T::store_floats(to.mean + c, T::template round_to_bits<bits>(turned));
    T::store_floats(to.partner + c, T::template round_to_bits<bits>(other));
  }
}

/// Predictions of 16 channels at a time, for the rows of one tile.
template <class T>
struct Predictor {
  const float* mean;
  const float* partner;  // null: does not turn
  const float* waves;
  std::uint32_t period;

  /// `tile` has to outlive the predictor.
  static Predictor at(const Head& head, std::uint32_t channels, std::uint64_t token, TileWaves<T>& waves,
                      TileMean<T>& tile) {
    if (head.partner == nullptr) return {head.mean, nullptr, nullptr, 0};
    waves.turn_to(head, token);
    turn_mean(head, channels, waves, tile);
    return {tile.mean, tile.partner, head.waves, head.period};
  }

  bool turns() const { return partner != nullptr; }
  /// Where the wave of a channel is.
  std::uint32_t place_of(std::uint32_t channel) const { return channel % period; }

  template <bool turns>
  inline __attribute__((always_inline)) typename T::Floats operator()(std::uint32_t channel, std::uint32_t at,
                                                                      std::size_t place) const {
    const typename T::Floats still = T::load_floats(mean + channel);
    if constexpr (!turns) return still;
    const float* const cosine = waves + std::size_t{2} * period * place + at;
    return T::exact_product_add(T::load_floats(partner + channel), T::load_floats(cosine + period),
                                T::mul(still, T::load_floats(cosine)));
  }
};

}  // namespace cinch::quant
