/// What a head's mean predicts at a token. Part of the format: every operation is the same on all targets.
#pragma once

#include <type_traits>

#include "plugins/quant/block.hpp"
#include "plugins/rotary/tile_mean.hpp"

namespace cinch::quant {

/// A head's mean turned to the beginning of a tile.
struct TileMean {
  float mean[max_dim];
  float partner[max_dim];
};
static_assert(max_dim <= rotary::max_channels);

/// How a mean moves from token to token.
enum class Motion : std::uint8_t {
  still,
  turns,
  folded,  ///< Turns, and the two halves of a chunk are the pairs: they share their waves and are each other's
           ///< partners.
};

/// Calls `function` with the motion as a constant.
template <class Function>
CINCH_ALWAYS_INLINE auto with_motion(Motion motion, Function&& function) {
  switch (motion) {
    case Motion::turns: return function(std::integral_constant<Motion, Motion::turns>());
    case Motion::folded: return function(std::integral_constant<Motion, Motion::folded>());
    case Motion::still: break;
  }
  return function(std::integral_constant<Motion, Motion::still>());
}

/// Predictions of one chunk's channels, for the rows of one tile. What it reads lies in T's register order.
template <class T>
struct Predictor {
  const float* mean;
  const float* partner;  // null: does not turn
  const float* waves;
  std::uint32_t period;
  Motion motion;

  /// `tile` has to outlive the predictor.
  static Predictor at(const Head& head, std::uint32_t channels, std::uint64_t token, rotary::TileWaves& waves,
                      TileMean& tile) {
    if (head.partner == nullptr) return still(head);
    waves.turn_to<T>(head.turns, head.period, token);
    return turned(head, channels, waves.cosine, waves.sine, tile);
  }

  static Predictor still(const Head& head) { return {head.mean, nullptr, nullptr, 0, Motion::still}; }

  /// The same of a mean that turns, where the waves of the tile's beginning are known.
  static Predictor turned(const Head& head, std::uint32_t channels, const float* cosines, const float* sines,
                          TileMean& tile) {
    rotary::turn_mean<T>(head.mean, head.partner, channels, cosines, sines, head.period, tile.mean, tile.partner);
    return {tile.mean, tile.partner, head.waves, head.period, head.is_folded ? Motion::folded : Motion::turns};
  }

  bool turns() const { return motion != Motion::still; }
  /// Where the wave of a channel is.
  std::uint32_t place_of(std::uint32_t channel) const { return channel % period; }

  /// Of 16 channels from `channel` on.
  template <bool turns>
  CINCH_ALWAYS_INLINE typename T::Floats some(std::uint32_t channel, std::uint32_t at, std::size_t place) const {
    const typename T::Floats still = T::load_as_held(mean + channel);
    if constexpr (!turns) return still;
    const float* const cosine = waves + std::size_t{2} * period * place + at;
    return T::exact_product_add(T::load_as_held(partner + channel), T::load_as_held(cosine + period),
                                T::mul(still, T::load_as_held(cosine)));
  }

  /// Of one of a chunk's four parts, whose places are `at`. Where it is folded, two parts load the same: once.
  template <Motion motion>
  CINCH_ALWAYS_INLINE typename T::Floats part(unsigned i, std::uint32_t channel, const std::uint32_t (&at)[4],
                                              std::size_t place) const {
    if constexpr (motion == Motion::folded) {
      const std::size_t pair = 16 * (i % 2);
      const float* const cosines = waves + 2 * folded_period * place + pair;
      const typename T::Floats cosine = T::load_as_held(cosines), sine = T::load_as_held(cosines + folded_period);
      const typename T::Floats first = T::load_as_held(mean + pair),
                               second = T::load_as_held(mean + folded_period + pair);
      return i < 2 ? T::exact_product_sub(first, cosine, T::mul(second, sine))
                   : T::exact_product_add(first, sine, T::mul(second, cosine));
    } else {
      return some<motion == Motion::turns>(channel + 16 * i, at[i], place);
    }
  }
};

}  // namespace cinch::quant
