#include "plugins/rotary/detection.hpp"

#include <algorithm>

#include "plugins/rotary/logarithm.hpp"

namespace cinch::rotary {
namespace {

struct Plain;  // a target: the loops are compiled as this source is

}  // namespace

const DetectionLoops min_detection_loops = detection_loops<Plain>;

Detected Detector::detect(const Sample& sample, unsigned rotary_dim) {
  constexpr float min_bits = 0.05f;
  const std::size_t tokens = sample.tokens.size(), pairs = rotary_dim / 2;
  if (pairs == 0) return {};
  const Waves& waves = waves_of(sample.tokens, rotary_dim);
  const std::size_t columns = pairs * sample.heads;
  for (std::vector<float>* const sums : {&energy_, &still_, &turned_, &saved_}) sums->resize(columns);
  Detected best;
  for (const Pairing pairing : {Pairing::halves, Pairing::interleaved}) {
    const Planes planes = split(sample, pairing, pairs);
    loops_.still(planes, energy_.data(), still_.data());
    for (std::size_t candidate = 0; candidate < waves.candidates; ++candidate) {
      loops_.turned(planes, &waves.at[candidate * 2 * tokens * pairs], turned_.data());
      const float bits = saved_bits(columns, tokens);
      if (bits > best.bits) best = {pairing, candidate, bits};
    }
  }
  return best.bits >= min_bits ? best : Detected{};
}

const Detector::Waves& Detector::waves_of(std::span<const std::uint64_t> tokens, unsigned rotary_dim) {
  if (!std::ranges::equal(tokens, tokens_)) {
    waves_.clear();
    tokens_.assign(tokens.begin(), tokens.end());
  }
  const auto known = std::ranges::find(waves_, rotary_dim, &Waves::rotary_dim);
  if (known != waves_.end()) return *known;
  if (waves_.size() == max_waves) waves_.clear();
  const std::vector<std::vector<Turn>> candidates = candidates_(rotary_dim);
  Waves made{rotary_dim, candidates.size(), {}};
  const std::size_t size = tokens.size() * rotary_dim;
  made.at.resize(candidates.size() * size);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    loops_.waves(candidates[i].data(), rotary_dim / 2, tokens.data(), tokens.size(), &made.at[i * size]);
  }
  return waves_.emplace_back(std::move(made));
}

Planes Detector::split(const Sample& sample, Pairing pairing, std::size_t pairs) {
  const std::size_t rows = sample.tokens.size() * sample.heads;
  first_.resize(rows * pairs);
  second_.resize(rows * pairs);
  for (std::size_t row = 0; row < rows; ++row) {
    const float* const values = &sample.rows[row * sample.dim];
    float* const first = &first_[row * pairs];
    float* const second = &second_[row * pairs];
    if (pairing == Pairing::halves) {
      std::copy_n(values, pairs, first);
      std::copy_n(values + pairs, pairs, second);
    } else {
      for (std::size_t pair = 0; pair < pairs; ++pair) {
        first[pair] = values[2 * pair];
        second[pair] = values[2 * pair + 1];
      }
    }
  }
  return {first_.data(), second_.data(), sample.tokens.size(), pairs, pairs * sample.heads};
}

/// The mean over all columns.
float Detector::saved_bits(std::size_t columns, std::size_t tokens) {
  const float share = 1.0f / static_cast<float>(tokens);
  // Logarithms first, which compilers vectorise; the sum has to keep its order.
  for (std::size_t i = 0; i < columns; ++i) {
    const float least = energy_[i] * 1e-6f + 1e-30f;
    saved_[i] = log2_of(std::max(energy_[i] - still_[i] * share, least)) -
                log2_of(std::max(energy_[i] - turned_[i] * share, least));
  }
  float bits = 0;
  for (std::size_t i = 0; i < columns; ++i) bits += saved_[i];
  return bits / static_cast<float>(2 * columns);  // of squares
}

}  // namespace cinch::rotary
