#include <algorithm>
#include <cstring>

#include "plugins/tensor/block_parts.hpp"

namespace cinch::tensor {
namespace {

constexpr std::size_t max_block_bytes = std::size_t{1} << 30;  // so that no length in the head can be too long

class Pusher {
 public:
  Pusher(const PlanState& plan, const Kernels& kernels, Aligned<std::uint8_t>& contexts, std::span<std::uint8_t> to,
         PushStacks& stacks)
      : plan_(plan),
        cut_(cut_of(plan.geometry.layout)),
        encode_(kernels.encode[static_cast<unsigned>(plan.geometry.layout)]),
        tiles_(plan, kernels, contexts),
        to_(to),
        stacks_(stacks) {}

  std::size_t tile_size(const PlaneState& plane) const { return tiles_.size(plane); }

  /// From the last tile to the first; false when `to` is full.
  template <class HasRoom>
  bool push(const Segment& segment, const std::uint8_t* words, HasRoom&& has_room) {
    const std::size_t step = tiles_.size(*segment.plane);
    for (std::size_t first = (segment.elements - 1) / step * step;; first -= step) {
      const std::size_t elements = std::min(step, segment.elements - first);
      if (!has_room(elements + pair)) return false;
      push_tile(segment, words, first, elements);
      if (first == 0) return true;
    }
  }

 private:
  void push_tile(const Segment& segment, const std::uint8_t* words, std::size_t first, std::size_t elements) {
    const std::size_t whole = elements / pair * pair;
    const AlphabetTables& tables = plan_.alphabets[segment.plane->alphabet];
    Tile tile = tiles_.at(segment, first, elements);
    tile.groups = whole / lanes;
    std::uint8_t* const stored = to_.data() + segment.stored + first / lanes * cut_.stored_bytes();
    const std::uint8_t* const from = words + first * cut_.word_bytes;
    if (whole < elements) {
      alignas(64) std::uint8_t padded[pair * 4];
      pad(segment, words, first + whole, padded);
      encode_(tables, Tiles::rest_of(tile, whole, elements - whole), padded,
              stored + whole / lanes * cut_.stored_bytes(), stacks_);
    }
    encode_(tables, tile, from, stored, stacks_);
  }

  /// The last elements, padded with those of a token earlier, which are as likely.
  void pad(const Segment& segment, const std::uint8_t* words, std::size_t first, std::uint8_t* padded) const {
    const std::size_t size = cut_.word_bytes;
    const std::size_t channels = plan_.geometry.has_tokens ? plan_.geometry.channels : 1;
    std::memset(padded, 0, pair * size);
    std::memcpy(padded, words + first * size, (segment.elements - first) * size);
    for (std::size_t i = segment.elements - first; i < pair; ++i) {
      if (first + i < channels) continue;
      const std::size_t earlier = first + i - channels;
      const std::uint8_t* const from = earlier < first ? words + earlier * size : padded + (earlier - first) * size;
      std::memcpy(padded + i * size, from, size);
    }
  }

  const PlanState& plan_;
  const Cut cut_;
  void (*const encode_)(const AlphabetTables&, const Tile&, const std::uint8_t*, std::uint8_t*, PushStacks&);
  Tiles tiles_;
  std::span<std::uint8_t> to_;
  PushStacks& stacks_;
};

bool holds_only(const std::uint8_t* words, std::size_t n, const std::uint8_t* word, std::size_t size) {
  if (n == 0) return true;
  return std::memcmp(words, word, size) == 0 && std::memcmp(words, words + size, n - size) == 0;
}

}  // namespace

/// A block being put together: sections in order, in `to`.
class BlockWriter {
 public:
  BlockWriter(const PlanState& plan, std::span<std::uint8_t> to) : plan_(plan), to_(to), at_(before_sections) {}

  /// Room for `n` bytes, or null where they do not fit.
  std::uint8_t* take(std::size_t n) {
    if (n > to_.size() - at_) return nullptr;
    std::uint8_t* const taken = to_.data() + at_;
    at_ += n;
    return taken;
  }
  std::size_t at() const { return at_; }

  bool copy(const std::uint8_t* from, std::size_t n) {
    std::uint8_t* const to = take(n);
    if (to && n > 0) std::memcpy(to, from, n);
    return to != nullptr;
  }

  bool add_segment(const PlaneState& plane, std::uint64_t first_token, std::size_t elements,
                   const std::uint8_t* words) {
    if (elements == 0) return true;
    const Segment segment{&plane, first_token, elements, at_};
    segments.push_back(segment);
    segment_words.push_back(words);
    return take(segment.stored_bytes(cut_of(plan_.geometry.layout))) != nullptr;
  }

  std::vector<Segment> segments;
  std::vector<const std::uint8_t*> segment_words;

 private:
  const PlanState& plan_;
  std::span<std::uint8_t> to_;
  std::size_t at_;
};

std::optional<std::size_t> BlockEncoder::encode(const PlanState& plan, const stream::SlicePart& part,
                                                std::span<const std::uint8_t> from, std::span<std::uint8_t> to) {
  const std::size_t bytes = plane_bytes(plan, part, from.size());
  const std::size_t token_bytes = plan.geometry.token_bytes();
  std::uint64_t raw = 0;
  while (raw < part.planes && plan.plane(part.first_plane + raw).kind == PlaneKind::raw) ++raw;
  if (raw == part.planes) return std::nullopt;
  if (from.size() <= before_sections || from.size() > max_block_bytes || to.size() < from.size() + encoder_slack)
    return std::nullopt;
  BlockWriter writer(plan, to);
  rows_.clear();
  rows_.reserve(part.planes * bytes);  // so that it never moves
  for (std::uint64_t i = 0; i < part.planes; ++i) {
    const PlaneState& plane = plan.plane(part.first_plane + i);
    const std::uint8_t* const words = from.data() + i * bytes;
    bool fits = true;
    if (plane.kind == PlaneKind::raw) {
      fits = writer.copy(words, bytes);
    } else if (plane.kind == PlaneKind::constant) {
      fits = holds_only(words, bytes, plane.word, element_bytes(plan));
    } else if (plane.row_count > 0) {
      numbers_.resize(part.tokens);
      const std::size_t first = rows_.size();
      for (std::size_t token = 0; token < part.tokens; ++token) {
        const std::uint8_t* const row = words + token * token_bytes;
        const std::uint32_t number = plane.row_table(token_bytes).find(row);
        numbers_[token] = number == RowTable::none ? 0 : number + 1;
        if (number == RowTable::none) rows_.insert(rows_.end(), row, row + token_bytes);
      }
      std::uint8_t* const packed = writer.take(packed_bytes(plane.row_count, part.tokens));
      if (packed) pack_numbers(numbers_, plane.row_count, packed);
      fits = packed && writer.add_segment(plane, part.first_token, (rows_.size() - first) / element_bytes(plan),
                                          rows_.data() + first);
    } else {
      fits = writer.add_segment(plane, part.first_token, bytes / element_bytes(plan), words);
    }
    if (!fits) return std::nullopt;
  }
  if (!writer.copy(from.data() + part.planes * bytes, from.size() - part.planes * bytes)) return std::nullopt;
  const std::size_t max_escapes = from.size() / 16;  // beyond that it cannot pay
  return finish(plan, writer, max_escapes, from.size(), to);
}

std::vector<std::uint8_t> BlockEncoder::encode_rows(const PlanState& plan, const PlaneState& plane,
                                                    std::span<const std::uint8_t> rows) {
  const std::size_t elements = rows.size() / element_bytes(plan);
  std::vector<std::uint8_t> to(rows.size() + 4 * elements + encoder_slack);  // enough if all of them are escaped
  BlockWriter writer(plan, to);
  writer.add_segment(plane, 0, elements, rows.data());
  to.resize(finish(plan, writer, elements, to.size() + 1, to).value_or(0));
  return to;
}

std::optional<std::size_t> BlockEncoder::finish(const PlanState& plan, const BlockWriter& writer,
                                                std::size_t max_escapes, std::size_t worth,
                                                std::span<std::uint8_t> to) {
  const std::size_t at = writer.at();
  std::size_t largest = 0;
  PushStacks stacks{};
  std::fill_n(stacks.states.high, pair, std::uint8_t{1});
  stacks.bytes = to.data() + at;
  Pusher pusher(plan, kernels_, contexts_, to, stacks);
  std::size_t elements = 0;  // with those that pad groups, which push bits as well
  for (const Segment& segment : writer.segments) {
    elements += segment.groups() * lanes;
    largest = std::max(largest, std::min(pusher.tile_size(*segment.plane), segment.elements) + pair);
  }
  bits_.resize(elements / 4 + largest / 4 + 64);
  escapes_.resize(2 * (max_escapes + largest));
  stacks.bits = bits_.data();
  stacks.escapes = escapes_.data();
  const auto pushed_beside = [&] {
    return (stacks.bit_count + 7) / 8 + static_cast<std::size_t>(stacks.escapes - escapes_.data()) + pair;
  };
  const auto has_room = [&](std::size_t more) {
    const auto left = static_cast<std::size_t>(to.data() + to.size() - stacks.bytes);
    return left >= more + pair + pushed_beside() && stacks.escapes <= escapes_.data() + 2 * max_escapes;
  };
  for (std::size_t i = writer.segments.size(); i-- > 0;) {
    if (!pusher.push(writer.segments[i], writer.segment_words[i], has_room)) return std::nullopt;
  }
  const Head head{static_cast<std::uint32_t>(stacks.bytes - to.data() - static_cast<std::ptrdiff_t>(at)),
                  static_cast<std::uint32_t>(stacks.bit_count),
                  static_cast<std::uint32_t>((stacks.escapes - escapes_.data()) / 2)};
  if (static_cast<std::size_t>(to.data() + to.size() - stacks.bytes) < pushed_beside()) return std::nullopt;
  std::memcpy(to.data(), &head, sizeof head);
  std::memcpy(to.data() + sizeof head, stacks.states.low, pair);
  if (writer.segments.empty()) return at < worth ? std::optional(at) : std::nullopt;
  std::uint8_t* end = std::copy_n(bits_.data(), (stacks.bit_count + 7) / 8, stacks.bytes);
  end = std::copy_n(escapes_.data(), 2 * std::size_t{head.escapes}, end);
  end = std::copy_n(stacks.states.high, pair, end);
  const auto size = static_cast<std::size_t>(end - to.data());
  return size < worth ? std::optional(size) : std::nullopt;
}
}  // namespace cinch::tensor
