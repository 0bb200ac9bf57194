#include "plugins/tensor/rope_search.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "plugins/rotary/detection.hpp"

namespace cinch::tensor {
namespace {

constexpr auto log_bases = [] {
  std::array<double, rotary::usual_bases.size()> logs{};
  std::ranges::transform(rotary::usual_bases, logs.begin(), natural_logarithm);
  return logs;
}();
constexpr std::size_t guessed_head_dims[] = {128, 64, 256, 96, 80};  // where heads and channels are one dimension
constexpr std::size_t most_rows = 32;
constexpr std::size_t fewest_rows = 24;
constexpr std::size_t most_heads = 4;

void try_ropes(const Sample& sample, const Kernels& kernels, std::size_t head_dim, std::size_t rotary_dim,
               std::optional<FoundRope>& best) {
  const std::size_t heads = std::min(sample.channels / head_dim, most_heads);
  const std::size_t skip = std::max<std::size_t>(sample.rows / most_rows, 1);
  std::vector<float> rows;
  std::vector<std::uint64_t> tokens;
  for (std::size_t row = 0; row < sample.rows && tokens.size() < most_rows; row += skip) {
    rows.insert(rows.end(), sample.row(row), sample.row(row) + heads * head_dim);
    tokens.push_back(sample.token(row));
  }
  std::vector<std::vector<rotary::Turn>> candidates;
  for (const double log_base : log_bases) candidates.push_back(turns_of(frequencies_of(log_base, rotary_dim)));
  const rotary::Detected found = rotary::detect(
      {rows, tokens, static_cast<unsigned>(heads), static_cast<unsigned>(head_dim)}, candidates, *kernels.detection);
  if (found.pairing == rotary::Pairing::none || (best && found.bits <= best->bits)) return;
  best = {Rope{found.pairing == rotary::Pairing::interleaved, static_cast<std::uint16_t>(head_dim),
               static_cast<std::uint16_t>(rotary_dim), frequencies_of(log_bases[found.candidate], rotary_dim)},
          found.bits};
}

bool can_be_head(std::size_t head_dim, std::size_t channels) {
  return head_dim >= 64 && head_dim <= 1024 && head_dim % 2 == 0 && channels % head_dim == 0;
}

}  // namespace

std::optional<FoundRope> find_rope(const Sample& sample, const Kernels& kernels, std::uint64_t head_dim) {
  if (sample.rows < fewest_rows) return std::nullopt;
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
    try_ropes(sample, kernels, dim, dim, best);
    if (head_dim != 0 && !best && dim % 4 == 0 && dim >= 64) try_ropes(sample, kernels, dim, dim / 2, best);
  }
  return best;
}

}  // namespace cinch::tensor
