#include "plugins/rotary/rotation.hpp"

#include <algorithm>
#include <numeric>

namespace cinch::rotary {

Rotation::Rotation(Pairing pairing, std::vector<Turn> turns, unsigned dim, const WaveMaker& maker)
    : pairing_(pairing), turns_(std::move(turns)) {
  const auto pairs = static_cast<unsigned>(turns_.size());
  is_folded_ = pairing == Pairing::halves && pairs % 16 == 0 && 2 * pairs == dim;
  period_ = is_folded_ ? pairs : padded(dim);
  channel_turns_.resize(period_);
  for (unsigned pair = 0; pair < pairs; ++pair) {
    channel_turns_[first_of(pair) % period_] = channel_turns_[second_of(pair) % period_] = turns_[pair];
  }
  waves_.resize(std::size_t{2} * tile_tokens * period_);
  std::uint64_t places[tile_tokens];
  std::iota(places, places + tile_tokens, 0);
  std::vector<Turn> in_order(period_);
  for (unsigned i = 0; i < period_; ++i) in_order[i] = channel_turns_[i / 16 * 16 + maker.order.at[i % 16]];
  maker.waves(in_order.data(), period_, places, tile_tokens, waves_.data());
  for (float& wave : waves_) wave = round_to_bits(wave, wave_bits);
}

float Rotation::partner_of(std::span<const float> mean, unsigned channel) const noexcept {
  const auto pairs = static_cast<unsigned>(turns_.size());
  if (channel >= 2 * pairs) return 0;
  const unsigned pair = pairing_ == Pairing::interleaved ? channel / 2 : channel % pairs;
  return channel == first_of(pair) ? -mean[second_of(pair)] : mean[first_of(pair)];
}

}  // namespace cinch::rotary
