#include "plugins/tensor/rope_search.hpp"

#include <algorithm>
#include <array>

namespace cinch::tensor {
namespace {

constexpr auto log_bases = [] {
  std::array<double, rotary::usual_bases.size()> logs{};
  std::ranges::transform(rotary::usual_bases, logs.begin(), natural_logarithm);
  return logs;
}();
constexpr std::size_t guessed_head_dims[] = {128, 64, 256, 96, 80};  // where heads and channels are one dimension
constexpr std::size_t max_rows = 32;
constexpr std::size_t min_rows = 24;
constexpr std::size_t max_heads = 4;

bool can_be_head(std::size_t head_dim, std::size_t channels) {
  return head_dim >= min_head_dim && head_dim <= max_head_dim && head_dim % 2 == 0 && channels % head_dim == 0;
}

}  // namespace

RopeSearch::RopeSearch(const Kernels& kernels)
    : detector_(
          [](unsigned rotary_dim) {
            std::vector<std::vector<rotary::Turn>> turns;
            for (const double log_base : log_bases) turns.push_back(turns_of(frequencies_of(log_base, rotary_dim)));
            return turns;
          },
          *kernels.detection) {}

std::optional<FoundRope> RopeSearch::find(const Sample& sample, std::uint64_t head_dim) {
  if (sample.rows < min_rows) return std::nullopt;
  std::vector<std::size_t> head_dims;
  if (head_dim != 0) {
    if (can_be_head(head_dim, sample.channels)) head_dims.push_back(head_dim);
  } else {
    for (const std::size_t guess : guessed_head_dims) {
      if (can_be_head(guess, sample.channels)) head_dims.push_back(guess);
    }
  }
  std::optional<FoundRope> best;
  for (const std::size_t dim : head_dims) {
    const rotary::Sample heads = gather_heads(sample, dim);
    try_ropes(heads, dim, best);
    if (head_dim != 0 && !best && dim % 4 == 0) try_ropes(heads, dim / 2, best);
  }
  return best;
}

/// Some rows of some heads.
rotary::Sample RopeSearch::gather_heads(const Sample& sample, std::size_t head_dim) {
  const std::size_t heads = std::min(sample.channels / head_dim, max_heads);
  const std::size_t skip = std::max<std::size_t>(sample.rows / max_rows, 1);
  rows_.clear();
  tokens_.clear();
  for (std::size_t row = 0; row < sample.rows && tokens_.size() < max_rows; row += skip) {
    rows_.insert(rows_.end(), sample.row(row), sample.row(row) + heads * head_dim);
    tokens_.push_back(sample.token(row));
  }
  return {rows_, tokens_, static_cast<unsigned>(heads), static_cast<unsigned>(head_dim)};
}

void RopeSearch::try_ropes(const rotary::Sample& heads, std::size_t rotary_dim, std::optional<FoundRope>& best) {
  const rotary::Detected found = detector_.detect(heads, static_cast<unsigned>(rotary_dim));
  if (found.pairing == rotary::Pairing::none || (best && found.bits <= best->bits)) return;
  best = {Rope{found.pairing == rotary::Pairing::interleaved, static_cast<std::uint16_t>(heads.dim),
               static_cast<std::uint16_t>(rotary_dim), frequencies_of(log_bases[found.candidate], rotary_dim)},
          found.bits};
}

}  // namespace cinch::tensor
