#include "plugins/tensor/choose.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "plugins/tensor/block.hpp"
#include "plugins/tensor/logarithm.hpp"
#include "plugins/tensor/rope_search.hpp"
#include "plugins/tensor/sample.hpp"

namespace cinch::tensor {
namespace {

constexpr std::size_t most_alphabets = 255;
constexpr std::size_t tried_alphabets = 8;  // of those that other planes have
constexpr std::size_t most_ropes = 16;
constexpr std::size_t fewest_tokens = 24;  // for levels and means of channels to be worth storing
constexpr float channel_bits = 16;         // stored of each: its level and its mean

/// A model of a plane, and what it makes of the sample.
struct Candidate {
  PlaneModel model;
  Histogram histogram{};
  std::optional<Rope> rope;
  Alphabet alphabet;  ///< The best for it alone.
  double bits = 0;    ///< For the plane and its model, the alphabet aside.
};

unsigned step_of(unsigned top, unsigned base) {
  const int step = static_cast<int>(top) - static_cast<int>(base);
  return static_cast<unsigned>(std::clamp(step, 0, 31));
}

/// 2^(level / 8).
float deviation_of(int level) {
  constexpr float powers[8] = {1.0f,       1.0905077f, 1.1892071f, 1.2968396f,
                               1.4142135f, 1.5422108f, 1.6817928f, 1.8340081f};
  const int exponent = std::clamp((level >> 3) + 127, 1, 254);
  return powers[level & 7] * std::bit_cast<float>(static_cast<std::uint32_t>(exponent) << 23);
}

int level_of(float deviation) {
  if (!(deviation > 1.2e-38f)) return -8 * 126;
  if (!(deviation < 1e38f)) return 8 * 126;
  return static_cast<int>(std::floor(8 * log2_of(deviation) + 0.5f));
}

/// All channels alike, whatever their sign: the steps are put so that the largest common one is the last.
Candidate uniform_candidate(const Sample& sample, Layout layout) {
  std::uint32_t counts[2][2 * top_count] = {};  // two of each, so that equal neighbours do not wait for each other
  std::size_t at = 0;
  for (; at + 1 < sample.tops.size(); at += 2) {
    ++counts[0][sample.tops[at]];
    ++counts[1][sample.tops[at + 1]];
  }
  if (at < sample.tops.size()) ++counts[0][sample.tops[at]];
  const auto count = [&](unsigned turn, unsigned top) {
    return counts[0][turn * top_count + top] + counts[1][turn * top_count + top];
  };
  const std::size_t rare = sample.tops.size() / 2048;
  std::size_t above = 0;
  unsigned last = top_count - 1;
  while (last > 0 && (above += count(0, last) + count(1, last)) <= rare) --last;
  Candidate candidate;
  candidate.model.kind = PlaneKind::uniform;
  const int base = static_cast<int>(last | 1) - 29;  // even, so that cells are octaves of the type
  candidate.model.level = static_cast<std::int16_t>(4 * (base - static_cast<int>(base_of(0, layout))));
  const unsigned real_base = base_of(candidate.model.level, layout);
  for (unsigned top = 0; top < top_count; ++top) {
    for (const unsigned turn : {0u, 1u}) {
      candidate.histogram[turn * step_count + step_of(top, real_base)] += count(turn, top);
    }
  }
  return candidate;
}

/// The rows of a sample, and how they turn.
class Rows {
 public:
  Rows(const Sample& sample, const Kernels& kernels, const std::optional<Rope>& rope) : scratch_(sample.channels) {
    rows = {sample.values.data(), sample.tops.data(), sample.rows, sample.channels, nullptr, 0, 0, false,
            scratch_.data()};
    if (!rope) return;
    const std::vector<rotary::Turn> turns = turns_of(rope->frequencies);
    std::vector<std::uint64_t> tokens;
    for (std::size_t i = 0; i < sample.rows; ++i) tokens.push_back(sample.token(i));
    waves_.resize(2 * turns.size() * tokens.size());
    kernels.detection->waves(turns.data(), static_cast<std::uint32_t>(turns.size()), tokens.data(), tokens.size(),
                             waves_.data());
    rows.waves = waves_.data();
    rows.pairs = turns.size();
    rows.head_dim = rope->head_dim;
    rows.interleaved = rope->interleaved;
  }

  SampleRows rows;

 private:
  Aligned<float> scratch_;
  Aligned<float> waves_;
};

/// Levels and means of the channels as they are stored.
void set_channels(const Aligned<float>& deviations, const Aligned<float>& means, const std::optional<Rope>& rope,
                  PlaneModel& model) {
  const std::size_t channels = deviations.size();
  std::vector<int> levels(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    float size = std::abs(means[c]);
    if (rope && c % rope->head_dim < rope->rotary_dim) {
      const float other = std::abs(means[c / rope->head_dim * rope->head_dim + rope->partner_of(c % rope->head_dim)]);
      size = std::max(size, other);
    }
    levels[c] = level_of(std::max(deviations[c], size / 12));  // means are stored up to 16 deviations
  }
  const auto [least, most] = std::ranges::minmax(levels);
  model.level = static_cast<std::int16_t>(std::max(least, most - 255));
  for (std::size_t c = 0; c < channels; ++c) {
    const int level = std::max<int>(levels[c], model.level);
    model.levels.push_back(static_cast<std::uint8_t>(level - model.level));
    const float mean = means[c] * 8 / deviation_of(level);
    model.means.push_back(static_cast<std::int8_t>(std::clamp(mean, -127.0f, 127.0f) + (mean < 0 ? -0.5f : 0.5f)));
  }
}

/// By context, from counts by prediction.
Histogram in_contexts(const StepCounts& counts) {
  Histogram histogram{};
  for (unsigned i = 0; i < std::size(counts.at[0]); ++i) {
    const unsigned context = context_byte(static_cast<int>(i >> 6) - 16);
    const unsigned key = (i & 63) ^ (context >> 7) << 5;
    histogram[(context & 0x70) << 2 | key] += counts.at[0][i] + counts.at[1][i];
  }
  return histogram;
}

Candidate channel_candidate(const Sample& sample, const Kernels& kernels, Layout layout,
                            const std::optional<Rope>& rope) {
  Candidate candidate;
  candidate.rope = rope;
  candidate.model.kind = rope ? PlaneKind::rotary : PlaneKind::channels;
  const Rows rows(sample, kernels, rope);
  Aligned<float> means(sample.channels), deviations(sample.channels);
  kernels.sample.sum_rows(rows.rows, means.data());
  const float share = 1.0f / static_cast<float>(sample.rows);
  for (float& mean : means) mean *= share;
  kernels.sample.sum_distances(rows.rows, means.data(), deviations.data());
  // From the mean of |x| to the deviation, if Gaussian.
  for (float& deviation : deviations) deviation *= 1.2533f * share;
  set_channels(deviations, means, rope, candidate.model);

  Aligned<float> per_half_deviation(sample.channels);
  Aligned<std::uint16_t> bases(sample.channels);
  for (std::size_t c = 0; c < sample.channels; ++c) {
    const int level = candidate.model.level + candidate.model.levels[c];
    per_half_deviation[c] = 2 / deviation_of(level);
    bases[c] = static_cast<std::uint16_t>(base_of(level, layout));
    means[c] = static_cast<float>(candidate.model.means[c]) * deviation_of(level) / 8;
  }
  StepCounts counts{};
  kernels.sample.count_steps(rows.rows, {means.data(), per_half_deviation.data(), bases.data()}, counts);
  candidate.histogram = in_contexts(counts);
  return candidate;
}

class Chooser {
 public:
  Chooser(const Geometry& geometry, const Kernels& kernels) : geometry_(geometry), kernels_(kernels) {}

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
    Sample sample(geometry_, kernels_, plane);
    std::vector<std::uint32_t> repeated;
    if (repeats(sample)) {
      repeated = repeated_rows(plane);
      if (!repeated.empty()) sample.drop_repeated();
    }
    Candidate best = best_candidate(sample, !repeated.empty());
    const double raw_bits = 8.0 * static_cast<double>(size) * static_cast<double>(elements());
    if (best.bits > raw_bits * 0.98 && repeated.empty()) return {};
    settle(best, sample);
    if (!repeated.empty()) store_rows(plane, repeated, best.model);
    if (best.bits > raw_bits * 0.98 && best.model.row_count == 0) return {};
    return best.model;
  }

  Candidate best_candidate(const Sample& sample, bool has_repeated_rows) const {
    const bool has_channels = geometry_.has_tokens && geometry_.tokens >= fewest_tokens;
    const auto rope =
        has_channels && !has_repeated_rows ? find_rope(sample, kernels_, geometry_.head_dim) : std::nullopt;
    std::optional<Candidate> best;
    if (has_channels) {
      best = channel_candidate(sample, kernels_, geometry_.layout, rope ? std::optional(rope->rope) : std::nullopt);
      judge(*best, sample);
    }
    // Means that turn and pay for what is stored of the channels are better than none.
    if (rope && rope->bits * static_cast<float>(geometry_.tokens) > 2 * channel_bits) return *std::move(best);
    Candidate uniform = uniform_candidate(sample, geometry_.layout);
    judge(uniform, sample);
    return best && best->bits < uniform.bits ? *std::move(best) : uniform;
  }

  std::uint64_t elements() const { return geometry_.tokens * geometry_.channels; }

  /// From the sample to the plane.
  double whole(double bits, const Sample& sample) const {
    return bits * static_cast<double>(elements()) / static_cast<double>(sample.tops.size());
  }

  void judge(Candidate& candidate, const Sample& sample) const {
    candidate.alphabet = fit_alphabet(candidate.histogram);
    const double stored = static_cast<double>(cut_of(geometry_.layout).stored_bytes()) / 8;
    candidate.bits = whole(coded_bits(candidate.alphabet, candidate.histogram), sample) +
                     stored * static_cast<double>(elements()) +
                     channel_bits * static_cast<double>(candidate.model.levels.size());
  }

  /// Gives a candidate its alphabet, another plane's where that is as good, and its rope.
  void settle(Candidate& candidate, const Sample& sample) {
    const Alphabet& own = candidate.alphabet;
    std::vector<std::uint8_t> stored;
    write_alphabet(own, stored);
    double best = whole(coded_bits(own, candidate.histogram), sample) + 8.0 * static_cast<double>(stored.size());
    std::size_t chosen = plan.alphabets.size();
    const std::size_t first = chosen > tried_alphabets ? chosen - tried_alphabets : 0;
    for (std::size_t i = first; i < plan.alphabets.size(); ++i) {
      const double bits = whole(coded_bits(plan.alphabets[i], candidate.histogram), sample);
      if (bits > best && plan.alphabets.size() < most_alphabets) continue;
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

  /// Whether more than one sampled row in 16 stands there twice.
  bool repeats(const Sample& sample) const {
    if (!geometry_.has_tokens || sample.rows < 16) return false;
    const auto* const rows = reinterpret_cast<const std::uint8_t*>(sample.tops.data());
    RowTable table(rows, sample.channels * sizeof sample.tops[0], sample.rows);
    std::size_t again = 0;
    for (std::uint32_t i = 0; i < sample.rows; ++i) again += table.insert(i) != i;
    return again > sample.rows / 16;
  }

  /// The rows that come more than once, by their first tokens; none where that saves less than an eighth of the plane.
  std::vector<std::uint32_t> repeated_rows(const std::uint8_t* plane) const {
    if (geometry_.tokens >= RowTable::none) return {};
    RowTable table(plane, geometry_.token_bytes(), geometry_.tokens);
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
    StoredPlan alone{plan.alphabets, {}, {model}};
    const PlanState state(alone, geometry_, kernels_);
    model.coded_rows = BlockEncoder(kernels_).encode_rows(state, state.planes[0], rows);
    if (model.coded_rows.size() > rows.size() + encoder_slack) return;
    model.row_count = static_cast<std::uint32_t>(tokens.size());
  }

  const Geometry geometry_;
  const Kernels& kernels_;
};

}  // namespace

StoredPlan choose_plan(const Geometry& geometry, const Kernels& kernels, std::span<const std::uint8_t> value) {
  Chooser chooser(geometry, kernels);
  const std::size_t plane_bytes = geometry.tokens * geometry.token_bytes();
  for (std::uint64_t i = 0; i < geometry.planes; ++i) chooser.add(value.data() + i * plane_bytes);
  return std::move(chooser.plan);
}

std::uint64_t most_plan_bytes(const Geometry& geometry, std::uint64_t size) {
  constexpr std::uint64_t alphabets = most_alphabets * context_count * (1 + 2 * most_cells);
  constexpr std::uint64_t ropes = most_ropes * (5 + 4 * 512);
  constexpr std::uint64_t plane = 32 + encoder_slack;
  // Stored rows come twice at least; levels and means of channels are two bytes for each, with at least 24 tokens.
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
