#include "plugins/tensor/plan.hpp"

#include <algorithm>
#include <bit>

#include "plugins/stream/stored_bytes.hpp"
#include "plugins/tensor/block.hpp"

namespace cinch::tensor {
namespace {

using plugin::Failure;
using stream::append;
using stream::ByteReader;

constexpr std::uint8_t has_rows = 0x10;
constexpr int step_of_deviation = 20;  // of an element as large as its channel's deviation, in all layouts
constexpr int exact_half = 4;          // an eighth of a deviation is 16 64ths of half of one: means times 1 << 4

void write_rope(const Rope& rope, std::vector<std::uint8_t>& out) {
  out.push_back(rope.interleaved ? 1 : 0);
  append(out, rope.head_dim);
  append(out, rope.rotary_dim);
  for (const std::uint32_t frequency : rope.frequencies) append(out, frequency);
}

Rope read_rope(ByteReader& in, const Geometry& geometry) {
  Rope rope;
  const auto pairing = in.take<std::uint8_t>();
  rope.interleaved = pairing == 1;
  rope.head_dim = in.take<std::uint16_t>();
  rope.rotary_dim = in.take<std::uint16_t>();
  if (pairing > 1 || rope.head_dim < min_head_dim || rope.head_dim > max_head_dim || rope.head_dim % 2 != 0 ||
      geometry.channels % rope.head_dim != 0 || rope.rotary_dim < 2 || rope.rotary_dim > rope.head_dim ||
      rope.rotary_dim % 2 != 0) {
    throw Failure(CINCH_CORRUPT, "a rotation that does not fit the shape");
  }
  rope.frequencies.resize(rope.rotary_dim / 2u);
  for (std::uint32_t& frequency : rope.frequencies) frequency = in.take<std::uint32_t>();
  return rope;
}

void write_plane(const PlaneModel& plane, const Geometry& geometry, std::vector<std::uint8_t>& out) {
  out.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(plane.kind) | (plane.row_count > 0 ? has_rows : 0u)));
  if (plane.kind == PlaneKind::raw) return;
  if (plane.kind == PlaneKind::constant) {
    out.insert(out.end(), plane.word, plane.word + cut_of(geometry.layout).word_bytes);
    return;
  }
  out.push_back(plane.alphabet);
  if (plane.kind == PlaneKind::rotary) out.push_back(plane.rope);
  append(out, plane.level);
  if (plane.kind != PlaneKind::uniform) {
    out.insert(out.end(), plane.levels.begin(), plane.levels.end());
    for (const std::int8_t mean : plane.means) out.push_back(static_cast<std::uint8_t>(mean));
  }
  if (plane.row_count > 0) {
    append(out, plane.row_count);
    append(out, static_cast<std::uint32_t>(plane.coded_rows.size()));
    out.insert(out.end(), plane.coded_rows.begin(), plane.coded_rows.end());
  }
}

PlaneModel read_plane(ByteReader& in, const Geometry& geometry, const StoredPlan& plan) {
  PlaneModel plane;
  const auto code = in.take<std::uint8_t>();
  plane.kind = static_cast<PlaneKind>(code & 15);
  if ((code & ~(15u | has_rows)) != 0 || plane.kind > PlaneKind::rotary) {
    throw Failure(CINCH_CORRUPT, "a kind of plane that does not exist");
  }
  const bool with_rows = (code & has_rows) != 0;
  if (!geometry.has_tokens && (with_rows || plane.kind >= PlaneKind::channels)) {
    throw Failure(CINCH_CORRUPT, "a plan for tokens, of a value without them");
  }
  if (with_rows && plane.kind != PlaneKind::uniform && plane.kind != PlaneKind::channels) {
    throw Failure(CINCH_CORRUPT, "stored rows where there cannot be any");
  }
  if (plane.kind == PlaneKind::raw) return plane;
  if (plane.kind == PlaneKind::constant) {
    const auto word = in.take(cut_of(geometry.layout).word_bytes);
    std::ranges::copy(word, plane.word);
    return plane;
  }
  plane.alphabet = in.take<std::uint8_t>();
  if (plane.kind == PlaneKind::rotary) plane.rope = in.take<std::uint8_t>();
  if (plane.alphabet >= plan.alphabets.size() || (plane.kind == PlaneKind::rotary && plane.rope >= plan.ropes.size())) {
    throw Failure(CINCH_CORRUPT, "a plane names what the plan does not have");
  }
  plane.level = in.take<std::int16_t>();
  if (plane.kind != PlaneKind::uniform) {
    const auto levels = in.take(geometry.channels);
    const auto means = in.take(geometry.channels);
    plane.levels.assign(levels.begin(), levels.end());
    for (const std::uint8_t mean : means) plane.means.push_back(static_cast<std::int8_t>(mean));
  }
  if (with_rows) {
    plane.row_count = in.take<std::uint32_t>();
    if (plane.row_count == 0 || plane.row_count > geometry.tokens) {
      throw Failure(CINCH_CORRUPT, "stored rows that the value does not have");
    }
    const auto coded = in.take(in.take<std::uint32_t>());
    plane.coded_rows.assign(coded.begin(), coded.end());
  }
  return plane;
}

int bias_of(Layout layout) {
  const Cut cut = cut_of(layout);
  return (1 << (cut.exponent_bits - 1)) - 1 + static_cast<int>(cut.exponent_shift);
}

/// x * 2^(eighths / 8), within `max_amplitude`.
std::int16_t scaled(std::int32_t x, int eighths) {
  constexpr std::int32_t powers[8] = {16384, 17867, 19484, 21247, 23170, 25268, 27554, 30048};  // 2^(i / 8) * 2^14
  const int octaves = eighths >> 3;
  if (octaves < -30) return 0;
  const std::int64_t fraction = static_cast<std::int64_t>(x) * powers[eighths & 7];
  const std::int64_t wide = octaves > 14 ? fraction << 14 : octaves >= 0 ? fraction << octaves : fraction >> -octaves;
  return static_cast<std::int16_t>(std::clamp<std::int64_t>(wide >> 14, -max_amplitude, max_amplitude));
}

Means means_of(const PlaneModel& plane, const Rope& rope, std::size_t channels) {
  Means means;
  means.along.resize(channels);
  means.across.resize(channels);
  for (std::size_t head = 0; head < channels; head += rope.head_dim) {
    for (std::size_t i = 0; i < rope.head_dim; ++i) {
      means.along[head + i] = static_cast<std::int16_t>(plane.means[head + i] * (1 << exact_half));
      if (i >= rope.rotary_dim) continue;
      const std::size_t partner = head + rope.partner_of(i);
      const std::int16_t across =
          scaled(plane.means[partner] * (1 << exact_half), plane.levels[partner] - plane.levels[head + i]);
      means.across[head + i] = rope.is_first(i) ? static_cast<std::int16_t>(-across) : across;
    }
  }
  return means;
}

/// Fills an array with its first `length` entries, again and again.
void repeat(Aligned<std::uint8_t>& array, std::size_t length) {
  for (std::size_t done = length; done < array.size(); done += done) {
    std::copy_n(array.begin(), std::min(done, array.size() - done), array.begin() + static_cast<std::ptrdiff_t>(done));
  }
}

}  // namespace

unsigned base_of(int level, Layout layout) {
  return static_cast<unsigned>(std::clamp(((level + 2) >> 2) + 2 * bias_of(layout) - step_of_deviation, 0, 511));
}

std::vector<std::uint8_t> write_plan(const StoredPlan& plan, const Geometry& geometry) {
  std::vector<std::uint8_t> out;
  out.push_back(static_cast<std::uint8_t>(plan.alphabets.size()));
  for (const Alphabet& alphabet : plan.alphabets) write_alphabet(alphabet, out);
  out.push_back(static_cast<std::uint8_t>(plan.ropes.size()));
  for (const Rope& rope : plan.ropes) write_rope(rope, out);
  for (const PlaneModel& plane : plan.planes) write_plane(plane, geometry, out);
  return out;
}

StoredPlan read_plan(std::span<const std::uint8_t> stored, const Geometry& geometry) {
  ByteReader in(stored);
  StoredPlan plan;
  const auto alphabet_count = in.take<std::uint8_t>();
  for (unsigned i = 0; i < alphabet_count; ++i) plan.alphabets.push_back(read_alphabet(in));
  const auto rope_count = in.take<std::uint8_t>();
  if (rope_count > max_ropes) throw Failure(CINCH_CORRUPT, "over 16 rotations");
  for (unsigned i = 0; i < rope_count; ++i) plan.ropes.push_back(read_rope(in, geometry));
  for (std::uint64_t i = 0; i < geometry.planes; ++i) plan.planes.push_back(read_plane(in, geometry, plan));
  if (!in.rest().empty()) throw Failure(CINCH_CORRUPT, "bytes behind the plan");
  return plan;
}

PlaneState::PlaneState(const PlaneModel& model, const std::vector<Rope>& ropes, const Geometry& geometry)
    : kind(model.kind), alphabet(model.alphabet), rope(model.rope), row_count(model.row_count) {
  std::copy_n(model.word, sizeof word, word);
  if (kind < PlaneKind::uniform) return;
  const std::size_t channels = kind == PlaneKind::uniform ? 1 : geometry.channels;
  period = channels * ((pair + channels - 1) / channels);
  for (Aligned<std::uint8_t>* array : {&octaves, &halves, &contexts}) array->resize(period + pair);
  for (std::size_t channel = 0; channel < channels; ++channel) {
    const int level = model.level + (model.levels.empty() ? 0 : model.levels[channel]);
    const unsigned base = base_of(level, geometry.layout);
    octaves[channel] = static_cast<std::uint8_t>(base / 2);
    halves[channel] = static_cast<std::uint8_t>(base % 2);
    if (kind == PlaneKind::channels) contexts[channel] = context_byte((model.means[channel] + 2) >> 2);
  }
  for (Aligned<std::uint8_t>* array : {&octaves, &halves, &contexts}) repeat(*array, channels);
  if (kind == PlaneKind::rotary) means = means_of(model, ropes[rope], channels);
}

const RowTable& PlaneState::row_table(std::size_t row_bytes) const {
  std::call_once(lazy_->once, [&] {
    lazy_->table.emplace(rows.data(), row_bytes, row_count);
    for (std::uint32_t i = 0; i < row_count; ++i) lazy_->table->insert(i);
  });
  return *lazy_->table;
}

PlanState::PlanState(StoredPlan plan, const Geometry& form, const Kernels& kernels)
    : geometry(form),
      ropes(std::move(plan.ropes)),
      kernels_(kernels),
      models_(std::move(plan.planes)),
      planes_(std::make_unique<std::atomic<PlaneState*>[]>(models_.size())) {
  for (const Alphabet& alphabet : plan.alphabets) alphabets.emplace_back(alphabet);
  for (const Rope& rope : ropes) rotations.emplace_back(rope, kernels);
}

PlanState::~PlanState() {
  for (std::size_t i = 0; i < models_.size(); ++i) delete planes_[i].load(std::memory_order_relaxed);
}

const PlaneState& PlanState::plane(std::uint64_t index) const {
  std::atomic<PlaneState*>& place = planes_[index];
  PlaneState* found = place.load(std::memory_order_acquire);
  if (found) return *found;
  auto made = std::make_unique<PlaneState>(models_[index], ropes, geometry);
  if (made->row_count > 0) decode_rows(*this, *made, models_[index].coded_rows, kernels_);
  // If several threads made it at the same time, the first one's is kept.
  return place.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel) ? *made.release() : *found;
}

}  // namespace cinch::tensor
