#include "plugins/rotary/rotation.hpp"

#include <algorithm>
#include <numeric>

#include "plugins/rotary/detection.hpp"

namespace cinch::rotary {

Rotation::Rotation(Pairing pairing, std::vector<Turn> turns, unsigned dim, Waves waves)
    : pairing_(pairing), turns_(std::move(turns)) {
  const auto pairs = static_cast<unsigned>(turns_.size());
  const bool is_repeated = pairing == Pairing::halves && pairs % 16 == 0 && 2 * pairs == dim;
  period_ = is_repeated ? pairs : padded(dim);
  channel_turns_.resize(period_);
  for (unsigned pair = 0; pair < pairs; ++pair) {
    channel_turns_[first_of(pair) % period_] = channel_turns_[second_of(pair) % period_] = turns_[pair];
  }
  waves_.resize(std::size_t{2} * tile_tokens * period_);
  std::uint64_t places[tile_tokens];
  std::iota(places, places + tile_tokens, 0);
  (waves ? waves : least_detection_loops.waves)(channel_turns_.data(), period_, places, tile_tokens, waves_.data());
  for (float& wave : waves_) wave = round_to_bits(wave, wave_bits);
}

float Rotation::partner_of(std::span<const float> mean, unsigned channel) const noexcept {
  const auto pairs = static_cast<unsigned>(turns_.size());
  if (channel >= 2 * pairs) return 0;
  const unsigned pair = pairing_ == Pairing::interleaved ? channel / 2 : channel % pairs;
  return channel == first_of(pair) ? -mean[second_of(pair)] : mean[first_of(pair)];
}

void Rotation::turn_mean(std::span<const float> mean, std::uint64_t tile, float* turned, float* partners) const {
  const std::size_t all = padded(static_cast<unsigned>(mean.size()));
  std::copy(mean.begin(), mean.end(), turned);
  std::fill(turned + mean.size(), turned + all, 0.0f);
  std::fill_n(partners, all, 0.0f);
  const auto pairs = static_cast<unsigned>(turns_.size());
  float cosine[256], sine[256];
  waves_at(turns_.data(), pairs, tile * tile_tokens, cosine, sine);
  for (unsigned pair = 0; pair < pairs; ++pair) {
    const unsigned first = first_of(pair), second = second_of(pair);
    const float c = round_to_bits(cosine[pair], tile_wave_bits), s = round_to_bits(sine[pair], tile_wave_bits);
    const float a = mean[first], b = mean[second];
    turned[first] = round_to_bits(a * c - b * s, wave_bits);
    turned[second] = round_to_bits(b * c + a * s, wave_bits);
    partners[first] = -turned[second];
    partners[second] = turned[first];
  }
}

void Rotation::turn_back(std::span<float> sums, std::uint64_t tile) const {
  const auto pairs = static_cast<unsigned>(turns_.size());
  float cosine[256], sine[256];
  waves_at(turns_.data(), pairs, tile * tile_tokens, cosine, sine);
  for (unsigned pair = 0; pair < pairs; ++pair) {
    float &a = sums[first_of(pair)], &b = sums[second_of(pair)];
    const float turned = a * cosine[pair] + b * sine[pair];
    b = b * cosine[pair] - a * sine[pair];
    a = turned;
  }
}

}  // namespace cinch::rotary
