/// What a head's mean predicts at a token. Part of the format: every operation is the same on all targets.
#pragma once

#include "plugins/quant/block.hpp"
#include "plugins/rotary/tile_mean.hpp"

namespace cinch::quant {

/// A head's mean turned to the beginning of a tile.
struct TileMean {
  float mean[most_dim];
  float partner[most_dim];
};
static_assert(most_dim <= rotary::most_channels);

/// Predictions of 16 channels at a time, for the rows of one tile.
template <class T>
struct Predictor {
  const float* mean;
  const float* partner;  // null: does not turn
  const float* waves;
  std::uint32_t period;

  /// `tile` has to outlive the predictor.
  static Predictor at(const Head& head, std::uint32_t channels, std::uint64_t token, rotary::TileWaves& waves,
                      TileMean& tile) {
    if (head.partner == nullptr) return {head.mean, nullptr, nullptr, 0};
    waves.turn_to<T>(head.turns, head.period, token);
    rotary::turn_mean<T>(head.mean, head.partner, channels, waves, head.period, tile.mean, tile.partner);
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
