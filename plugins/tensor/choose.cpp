#include "plugins/tensor/choose.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "plugins/tensor/block.hpp"
#include "plugins/tensor/candidate.hpp"

namespace cinch::tensor {
namespace {

constexpr std::size_t max_alphabets = 255;
constexpr std::size_t tried_alphabets = 8;                       // of those that other planes have
constexpr std::size_t min_elements = 64;                         // of a plane to be looked at
constexpr std::size_t min_tokens = 24;                           // for levels and means of channels to be worth storing
constexpr std::size_t max_kept_elements = std::size_t{1} << 20;  // of a sample, from value to value
constexpr std::size_t min_long_row = 16;                         // bytes; the number of such a row is always shorter
constexpr std::uint64_t max_short_rows = 1 << 16;                // distinct ones of a plane; further ones are coded
constexpr float channel_bits = 16;                               // stored of each: its level and its mean

class Chooser {
 public:
  Chooser(const Geometry& geometry, const Kernels& kernels, RopeSearch& ropes, Sample& sample)
      : geometry_(geometry), kernels_(kernels), ropes_(ropes), sample_(sample) {}

  StoredPlan plan;

  void add(const std::uint8_t* plane) { plan.planes.push_back(choose(plane)); }

 private:
  PlaneModel choose(const std::uint8_t* plane) {
    const std::size_t bytes = geometry_.tokens * geometry_.token_bytes();
    const std::size_t size = cut_of(geometry_.layout).word_bytes;
    if (bytes == 0) return {};
    if (std::memcmp(plane, plane + size, bytes - size) == 0) {
      PlaneModel model;
      model.kind = PlaneKind::constant;
      std::copy_n(plane, size, model.word);
      return model;
    }
    if (elements() < min_elements) return {};
    sample_.take(geometry_, kernels_, plane);
    std::vector<std::uint32_t> repeated;
    if (repeats(plane)) {
      repeated = repeated_rows(plane);
      if (!repeated.empty()) sample_.drop_repeated();
    }
    Candidate best = best_candidate(!repeated.empty());
    const double raw_bits = 8.0 * static_cast<double>(size) * static_cast<double>(elements());
    if (best.bits > raw_bits * 0.98 && repeated.empty()) return {};
    settle(best);
    if (!repeated.empty()) store_rows(plane, repeated, best.model);
    if (best.bits > raw_bits * 0.98 && best.model.row_count == 0) return {};
    return best.model;
  }

  Candidate best_candidate(bool has_repeated_rows) {
    const bool has_channels = geometry_.has_tokens && geometry_.tokens >= min_tokens;
    auto rope = has_channels && !has_repeated_rows ? ropes_.find(sample_, geometry_.head_dim) : std::nullopt;
    if (rope && plan.ropes.size() == max_ropes && !std::ranges::count(plan.ropes, rope->rope)) rope.reset();
    std::optional<Candidate> best;
    if (has_channels) {
      best = channel_candidate(sample_, kernels_, geometry_.layout, rope ? std::optional(rope->rope) : std::nullopt);
      judge(*best);
    }
    // Means that turn and pay for what is stored of the channels are better than none.
    if (rope && rope->bits * static_cast<float>(geometry_.tokens) > 2 * channel_bits) return *std::move(best);
    Candidate uniform = uniform_candidate(sample_, geometry_.layout);
    judge(uniform);
    return best && best->bits < uniform.bits ? *std::move(best) : uniform;
  }

  std::uint64_t elements() const { return geometry_.tokens * geometry_.channels; }

  /// From the sample to the plane.
  double whole(double bits) const {
    return bits * static_cast<double>(elements()) / static_cast<double>(sample_.tops.size());
  }

  void judge(Candidate& candidate) const {
    const bool is_uniform = candidate.model.kind == PlaneKind::uniform;  // its prediction is 0
    candidate.alphabet = fit_alphabet(candidate.histogram, is_uniform ? 1 : context_count);
    const double stored = static_cast<double>(cut_of(geometry_.layout).stored_bytes()) / 8;
    candidate.bits = whole(coded_bits(candidate.alphabet, candidate.histogram)) +
                     stored * static_cast<double>(elements()) +
                     channel_bits * static_cast<double>(candidate.model.levels.size());
  }

  /// Gives a candidate its alphabet, another plane's if that is as good, and its rope.
  void settle(Candidate& candidate) {
    const Alphabet& own = candidate.alphabet;
    std::vector<std::uint8_t> stored;
    write_alphabet(own, stored);
    double best = whole(coded_bits(own, candidate.histogram)) + 8.0 * static_cast<double>(stored.size());
    std::size_t chosen = plan.alphabets.size();
    const std::size_t first = chosen > tried_alphabets ? chosen - tried_alphabets : 0;
    for (std::size_t i = first; i < plan.alphabets.size(); ++i) {
      const double bits = whole(coded_bits(plan.alphabets[i], candidate.histogram));
      if (bits > best && plan.alphabets.size() < max_alphabets) continue;
      best = bits;
      chosen = i;
    }
    if (chosen == plan.alphabets.size()) plan.alphabets.push_back(own);
    candidate.model.alphabet = static_cast<std::uint8_t>(chosen);
    if (!candidate.rope) return;
    const auto known = std::ranges::find(plan.ropes, *candidate.rope);
    candidate.model.rope = static_cast<std::uint8_t>(known - plan.ropes.begin());
    if (known == plan.ropes.end()) plan.ropes.push_back(*candidate.rope);
  }

  /// Whether more than one sampled row in 16 is a repetition; for short rows, whether so few are distinct that a row's
  /// number takes at most half its bits.
  bool repeats(const std::uint8_t* plane) const {
    if (!geometry_.has_tokens || sample_.rows < 16) return false;
    const std::size_t row_bytes = geometry_.token_bytes();
    if (row_bytes >= min_long_row) {
      const auto* const tops = reinterpret_cast<const std::uint8_t*>(sample_.tops.data());
      return sample_.rows - distinct(tops, sample_.channels * sizeof sample_.tops[0]) > sample_.rows / 16;
    }
    std::vector<std::uint8_t> rows(sample_.rows * row_bytes);  // tops of so few channels are alike by chance
    for (std::size_t i = 0; i < sample_.rows; ++i) {
      std::memcpy(&rows[i * row_bytes], plane + sample_.token(i) * row_bytes, row_bytes);
    }
    const std::size_t found = distinct(rows.data(), row_bytes);
    return found < sample_.rows / 4 && 2 * static_cast<std::size_t>(std::bit_width(found)) <= 8 * row_bytes;
  }

  /// How many of the sample's rows are distinct.
  std::size_t distinct(const std::uint8_t* rows, std::size_t row_bytes) const {
    RowTable table(rows, row_bytes, sample_.rows);
    std::size_t found = 0;
    for (std::uint32_t i = 0; i < sample_.rows; ++i) found += table.insert(i) == i;
    return found;
  }

  /// The rows that come more than once, by their first tokens; none if that saves no more than an eighth of the plane.
  std::vector<std::uint32_t> repeated_rows(const std::uint8_t* plane) const {
    if (geometry_.tokens >= RowTable::none) return {};
    const std::size_t row_bytes = geometry_.token_bytes();
    // A slot for every short row would take many times the memory of the plane.
    const std::uint64_t most = row_bytes >= min_long_row ? geometry_.tokens : max_short_rows;
    RowTable table(plane, row_bytes, std::min(geometry_.tokens, most));
    std::vector<std::uint32_t> counts(geometry_.tokens);
    for (std::uint32_t token = 0; token < geometry_.tokens; ++token) ++counts[table.insert(token)];
    std::vector<std::uint32_t> repeated;
    std::uint64_t saved = 0;
    for (std::uint32_t token = 0; token < geometry_.tokens; ++token) {
      if (counts[token] < 2) continue;
      repeated.push_back(token);
      saved += counts[token] - 1;
    }
    return saved > geometry_.tokens / 8 ? repeated : std::vector<std::uint32_t>();
  }

  void store_rows(const std::uint8_t* plane, const std::vector<std::uint32_t>& tokens, PlaneModel& model) {
    const std::size_t row_bytes = geometry_.token_bytes();
    std::vector<std::uint8_t> rows(tokens.size() * row_bytes);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      std::memcpy(&rows[i * row_bytes], plane + tokens[i] * row_bytes, row_bytes);
    }
    const PlanState state({plan.alphabets, {}, {model}}, geometry_, kernels_);
    model.coded_rows = BlockEncoder(kernels_).encode_rows(state, state.plane(0), rows);
    if (model.coded_rows.size() > geometry_.tokens * row_bytes / 2) return;
    model.row_count = static_cast<std::uint32_t>(tokens.size());
  }

  const Geometry geometry_;
  const Kernels& kernels_;
  RopeSearch& ropes_;
  Sample& sample_;  // of the current plane
};

}  // namespace

StoredPlan PlanChooser::choose(const Geometry& geometry, std::span<const std::uint8_t> value) {
  Chooser chooser(geometry, kernels_, ropes_, sample_);
  const std::size_t plane_bytes = geometry.tokens * geometry.token_bytes();
  for (std::uint64_t i = 0; i < geometry.planes; ++i) chooser.add(value.data() + i * plane_bytes);
  if (sample_.values.capacity() > max_kept_elements) sample_ = {};  // encoders live as long as their store
  return std::move(chooser.plan);
}

std::uint64_t max_plan_bytes(const Geometry& geometry, std::uint64_t size) {
  constexpr std::uint64_t alphabets = max_alphabets * context_count * (1 + 2 * max_cells);
  constexpr std::uint64_t ropes = max_ropes * (5 + 4 * max_head_dim / 2);
  constexpr std::uint64_t plane = 32;
  // Stored rows take at most half of their plane; levels and means of channels are two bytes for each, with at least 24
  // tokens.
  return alphabets + ropes + geometry.planes * plane + size / 2 + size / 12 + 64;
}

std::string describe(const StoredPlan& plan) {
  constexpr const char* names[] = {"raw", "constant", "uniform", "channels", "rotary"};
  std::size_t counts[5] = {};
  std::size_t with_rows = 0;
  for (const PlaneModel& plane : plan.planes) {
    ++counts[static_cast<unsigned>(plane.kind)];
    with_rows += plane.row_count > 0;
  }
  std::string text;
  const auto add = [&text](const std::string& key, const std::string& value) {
    const std::string more = (text.empty() ? "" : ",") + key + "=" + value;
    if (text.size() + more.size() < CINCH_ANNOTATION_BYTES) text += more;
  };
  for (unsigned i = 5; i-- > 0;) {
    if (counts[i] > 0) add(names[i], std::to_string(counts[i]));
  }
  if (with_rows > 0) add("rows", std::to_string(with_rows));
  if (!plan.ropes.empty()) add("rope", plan.ropes[0].interleaved ? "interleaved" : "halves");
  return text;
}

}  // namespace cinch::tensor
