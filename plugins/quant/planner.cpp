#include "plugins/quant/planner.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>

#include "plugins/quant/precision.hpp"
#include "plugins/quant/statistics.hpp"
#include "plugins/quant/steps.hpp"
#include "plugins/rotary/logarithm.hpp"

namespace cinch::quant {
namespace {

constexpr std::uint64_t min_sample = 64, max_sample = 1024, sampled_share = 16;
constexpr std::uint64_t own_tokens = 24;      // planes of fewer tokens share the properties of their heads
constexpr std::uint64_t shared_tokens = 256;  // with as many planes as have that many tokens together

std::uint16_t to_bf16(float value) noexcept {
  return static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(value) + 0x8000) >> 16);
}
float from_bf16(std::uint16_t value) noexcept { return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16); }

class ValuePlan {
 public:
  ValuePlan(const Parameters& parameters, const Kernels& kernels, SchemeSearch& search, const Geometry& geometry,
            std::span<const std::uint8_t> value, float error)
      : parameters_(parameters),
        kernels_(kernels),
        search_(search),
        geometry_(geometry),
        value_(value),
        usual_precision_(limits_of(error, geometry.dim, geometry.element).wanted),
        first_precision_(limits_of(parameters.first_error_at(error), geometry.dim, geometry.element).wanted),
        channels_(padded_dim(geometry.dim)) {
    parts_.error = error;
    parts_.first_error = parameters.first_error_at(error);
    parts_.planes_per_profile = planes_per_profile();
  }

  PlanParts run() {
    for (std::uint64_t plane = 0; plane < geometry_.planes; plane += parts_.planes_per_profile) {
      sample(plane, std::min<std::uint64_t>(parts_.planes_per_profile, geometry_.planes - plane));
      choose_scheme();
      for (std::uint32_t h = 0; h < geometry_.heads; ++h) parts_.heads.push_back(head(h));
    }
    return std::move(parts_);
  }

 private:
  /// Planes of very few tokens (pages of a cache) cannot pay for properties of their own; those that share them are
  /// neighbours that have the same first index. Measured on real caches cut short: from 24 tokens on a K of its own,
  /// whose mean can turn, gains 7 to 30 %, a V loses a third of a per cent at 24 and gains from 32 on.
  std::uint32_t planes_per_profile() const {
    if (geometry_.tokens >= own_tokens) return 1;
    const std::uint64_t neighbours = geometry_.planes / geometry_.outermost;
    const std::uint64_t wanted = (shared_tokens + geometry_.tokens - 1) / geometry_.tokens;
    std::uint64_t planes = std::min(neighbours, wanted);
    while (neighbours % planes != 0) ++planes;
    return static_cast<std::uint32_t>(planes);
  }

  void sample(std::uint64_t plane, std::uint64_t planes) {
    const std::uint64_t all = planes * geometry_.tokens;
    const std::uint64_t wanted = std::clamp(all / sampled_share, min_sample, max_sample);
    // Odd, so that the sample of a cache is not the same token of every page.
    const std::uint64_t stride = (std::max<std::uint64_t>(all / wanted, 1) - 1) | 1;
    rows_.clear();
    tokens_.clear();
    for (std::uint64_t i = stride / 2; i < all; i += stride) {
      rows_.push_back(value_.data() + (plane * geometry_.tokens + i) * geometry_.token_bytes());
      tokens_.push_back(i % geometry_.tokens);
    }
    const std::size_t count = rows_.size() * geometry_.heads;
    squares_.resize(count);
    inverse_steps_.assign(count, 0);
    kernels_.squares(sampled(), geometry_.dim, geometry_.element, squares_.data());
    can_turn_ = planes == 1;
    mean_codes_.clear();
    for (std::uint32_t h = 0; h < geometry_.heads; ++h) mean_codes_.push_back(set_steps(h));
  }

  Sampled sampled() const {
    return {rows_.data(), rows_.size(), geometry_.heads, inverse_steps_.data(), tokens_.data(), tile_waves_.data()};
  }

  static bool is_usual(float square) { return square > 1e-26f && square < 1e30f; }
  int length_code_at(std::size_t index) const { return code_of_square(squares_[index] * usual_precision_); }
  int code_at(std::size_t index) const {
    const bool is_first = tokens_[index / geometry_.heads] < parameters_.first;
    return code_of_square(squares_[index] * (is_first ? first_precision_ : usual_precision_));
  }

  /// Rows four times as long as usual tell nothing of the others: they get no step. Returns the mean code.
  int set_steps(std::uint32_t head) {
    std::int64_t sum = 0, lengths = 0, count = 0;
    for (std::size_t i = head; i < squares_.size(); i += geometry_.heads) {
      if (!is_usual(squares_[i])) continue;
      sum += code_at(i);
      lengths += length_code_at(i);
      ++count;
    }
    if (count == 0) return 0;
    const auto longest = static_cast<int>(lengths / count) + 8;
    for (std::size_t i = head; i < squares_.size(); i += geometry_.heads) {
      if (is_usual(squares_[i]) && length_code_at(i) <= longest) inverse_steps_[i] = inverse_step_of(code_at(i));
    }
    return static_cast<int>(sum / count);
  }

  // ---- How means turn

  void choose_scheme() {
    scheme_.reset();
    if (!can_turn_ || parameters_.rope == RopeMode::none || rows_.size() < 8) return;
    const std::optional<RopeScheme> found = search_.find(geometry_, sampled());
    if (!found) return;
    const auto known = std::ranges::find(parts_.schemes, *found);
    scheme_ = static_cast<std::size_t>(known - parts_.schemes.begin());
    if (known == parts_.schemes.end()) {
      if (parts_.schemes.size() == max_schemes) {
        scheme_.reset();
        return;
      }
      parts_.schemes.push_back(*found);
      rotations_.emplace_back(found->pairing, found->turns(parameters_), geometry_.dim, kernels_.wave_maker());
    }
    make_tile_waves(rotations_[*scheme_]);
  }

  /// Once, for the sums of all heads.
  void make_tile_waves(const rotary::Rotation& rotation) {
    std::vector<std::uint64_t> tiles;
    for (const std::uint64_t token : tokens_) {
      const std::uint64_t tile = token / tile_rows * tile_rows;
      if (tiles.empty() || tiles.back() != tile) tiles.push_back(tile);
    }
    tile_waves_.resize(tiles.size() * 2 * rotation.period());
    kernels_.detection->waves(rotation.channel_turns(), rotation.period(), tiles.data(), tiles.size(),
                              tile_waves_.data());
    for (float& wave : tile_waves_) wave = rotary::round_to_bits(wave, rotary::Rotation::tile_wave_bits);
  }

  // ---- Heads

  HeadParts head(std::uint32_t index) {
    HeadParts made;
    set_step_class(index, made);
    const std::size_t used = used_rows(index);
    std::vector<float> zero(channels_), still(channels_);
    Head without{};
    without.mean = zero.data();
    kernels_.sum_distances(sampled(), index, without, geometry_.dim, geometry_.element, still.data());
    std::vector<float> distances = still;
    if (used > 0) choose_mean(index, used, still, made, distances);
    const float scale = used > 0 ? 1.0f / static_cast<float>(used) : 0;
    for (float& distance : distances) distance *= scale;
    for (unsigned c = 0; c < chunks_of(geometry_.dim); ++c) made.chunks.push_back(chunk(c, distances));
    return made;
  }

  std::size_t used_rows(std::uint32_t head) const {
    std::size_t used = 0;
    for (std::size_t i = head; i < inverse_steps_.size(); i += geometry_.heads) used += inverse_steps_[i] > 0;
    return used;
  }

  void set_step_class(std::uint32_t head, HeadParts& made) const {
    made.step_code = static_cast<std::int16_t>(mean_codes_[head]);
    float sum = 0, count = 0;
    for (std::size_t i = head; i < squares_.size(); i += geometry_.heads) {
      if (!is_usual(squares_[i])) continue;
      sum += static_cast<float>(std::abs(code_at(i) - mean_codes_[head]));
      count += 1;
    }
    const std::uint8_t found = class_of(count > 0 ? sum / count : 0);
    made.step_class = std::min<std::uint8_t>(found, plain_class_count - 1);
  }

  /// Takes the mean that pays for its bytes: the one that turns where a scheme was found, else one that stands still.
  void choose_mean(std::uint32_t index, std::size_t used, const std::vector<float>& still, HeadParts& made,
                   std::vector<float>& distances) {
    const rotary::Rotation* const rotation = scheme_ ? &rotations_[*scheme_] : nullptr;
    std::vector<float> sums(channels_), sines(channels_), partner(channels_), found(channels_);
    Head head{};
    head.mean = sums.data();
    if (rotation) turn(*rotation, partner.data(), head);
    kernels_.sum_rows(sampled(), index, head, geometry_.dim, geometry_.element, sums.data(), sines.data());
    const std::span<float> values(sums.data(), geometry_.dim);
    for (std::uint32_t c = 0; rotation && c < geometry_.dim; ++c) {
      partner[c] = rotation->partner_of({sines.data(), geometry_.dim}, c);
    }
    std::vector<std::uint16_t> mean;
    for (std::uint32_t c = 0; c < geometry_.dim; ++c) {
      const float exact = (values[c] - partner[c]) / static_cast<float>(used);
      mean.push_back(exact > -1e-18f && exact < 1e-18f ? std::uint16_t{0} : to_bf16(exact));
      values[c] = from_bf16(mean[c]);
    }
    for (std::uint32_t c = 0; rotation && c < geometry_.dim; ++c) partner[c] = rotation->partner_of(values, c);
    put_as_held(kernels_.register_order, sums.data(), channels_);
    put_as_held(kernels_.register_order, partner.data(), channels_);
    kernels_.sum_distances(sampled(), index, head, geometry_.dim, geometry_.element, found.data());
    float bits = 0;
    for (std::uint32_t c = 0; c < geometry_.dim; ++c) bits += bits_of(still[c], used) - bits_of(found[c], used);
    const auto tokens = static_cast<float>(parts_.planes_per_profile * geometry_.tokens);
    if (bits * tokens < 16.0f * static_cast<float>(geometry_.dim)) return;
    made.mean_kind = static_cast<std::uint8_t>(rotation ? first_turning_mean + *scheme_ : still_mean);
    made.mean = std::move(mean);
    distances = std::move(found);
  }

  /// What a value of this mean distance costs, up to a constant.
  static float bits_of(float sum, std::size_t used) { return rotary::log2_of(sum / static_cast<float>(used) + 0.3f); }

  Chunk chunk(unsigned index, const std::vector<float>& distances) const {
    Chunk made{};
    made.channels = static_cast<std::uint8_t>(std::min(geometry_.dim - index * chunk_channels, chunk_channels));
    made.groups = static_cast<std::uint8_t>((made.channels + group_channels - 1) / group_channels);
    const float* const distance = &distances[index * chunk_channels];
    std::array<std::uint8_t, chunk_channels> order;
    for (unsigned i = 0; i < chunk_channels; ++i) order[i] = static_cast<std::uint8_t>(i);
    std::stable_sort(order.begin(), order.begin() + made.channels,
                     [distance](std::uint8_t a, std::uint8_t b) { return distance[a] < distance[b]; });
    for (unsigned g = 0; g < made.groups; ++g) {
      const auto begin = order.begin() + g * group_channels, end = begin + made.width_of(g);
      float sum = 0;
      for (auto each = begin; each != end; ++each) sum += distance[*each];
      made.group_class[g] = class_of(sum / static_cast<float>(end - begin));
      std::sort(begin, end);
    }
    std::ranges::copy(order, made.channel_of_lane);
    return made;
  }

  const Parameters& parameters_;
  const Kernels& kernels_;
  SchemeSearch& search_;
  const Geometry& geometry_;
  const std::span<const std::uint8_t> value_;
  const float usual_precision_;
  const float first_precision_;
  const std::uint32_t channels_;
  PlanParts parts_;
  std::vector<rotary::Rotation> rotations_;  // of the schemes
  // Of the profile that is being made:
  std::vector<const std::uint8_t*> rows_;
  std::vector<std::uint64_t> tokens_;
  std::vector<float> squares_, inverse_steps_;  // [rows][heads]
  std::vector<int> mean_codes_;                 // of every head
  std::vector<float> tile_waves_;               // where the scheme turns: of every tile with sampled rows
  bool can_turn_ = false;
  std::optional<std::size_t> scheme_;
};

}  // namespace

PlanParts Planner::plan(const Geometry& geometry, std::span<const std::uint8_t> value, float error) {
  return ValuePlan(parameters_, kernels_, search_, geometry, value, error).run();
}

}  // namespace cinch::quant
