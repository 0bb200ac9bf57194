#include "plugins/tensor/block.hpp"

#include <algorithm>
#include <cstring>

#include "plugins/tensor/bytes.hpp"

namespace cinch::tensor {
namespace {

using plugin::Failure;

constexpr std::size_t most_block_bytes = std::size_t{1} << 30;  // so that no length in the head can be too long
constexpr std::size_t plain_tile = 64 * pair;  // elements that are coded between two looks at what is left

/// What stands before a block that has coded elements.
struct Head {
  std::uint32_t rans_bytes;
  std::uint32_t extra_bits;
  std::uint32_t escapes;
};

/// The low bytes of the states stand behind the head and the high bytes at the end, so that a decoder may read some way
/// beyond either end of what is between.
constexpr std::size_t before_sections = sizeof(Head) + pair;

/// Hands out the tiles of a segment, and the contexts that they need.
class Tiles {
 public:
  Tiles(const PlanState& plan, const Kernels& kernels, Aligned<std::uint8_t>& contexts)
      : plan_(plan), kernels_(kernels), contexts_(contexts) {
    if (plan.ropes.empty()) return;
    const std::size_t channels = plan.geometry.channels;
    while (tokens_ < rotation_tokens && (tokens_ * channels < predicted_at_once || tokens_ * channels % pair != 0)) {
      tokens_ *= 2;
    }
    contexts_.resize(tokens_ * channels + 2 * pair);
    along_.resize(channels);
    across_.resize(channels);
  }

  /// Elements in a tile of the plane, a multiple of 128.
  std::size_t size(const PlaneState& plane) const {
    return plane.kind == PlaneKind::rotary ? tokens_ * plan_.geometry.channels : plain_tile;
  }

  /// The tile of `elements` elements that starts with `first`, which is a multiple of `size`.
  Tile at(const Segment& segment, std::size_t first, std::size_t elements) {
    const PlaneState& plane = *segment.plane;
    Tile tile{};
    tile.groups = elements / lanes;
    tile.octaves = plane.octaves.data();
    tile.halves = plane.halves.data();
    tile.base_period = plane.period;
    tile.base_phase = first % plane.period;
    if (plane.kind == PlaneKind::rotary) {
      predict(segment, first / plan_.geometry.channels, elements / plan_.geometry.channels);
      std::memset(&contexts_[elements], 0, pair);
      tile.contexts = contexts_.data();
      tile.context_period = contexts_.size() / pair * pair;
    } else {
      tile.contexts = plane.contexts.data();
      tile.context_period = plane.period;
      tile.context_phase = tile.base_phase;
    }
    return tile;
  }

  /// The end of a tile, from element `skipped` of it on, as a tile of its own.
  static Tile rest_of(const Tile& tile, std::size_t skipped, std::size_t elements) {
    Tile rest = tile;
    rest.groups = (elements + lanes - 1) / lanes;
    rest.context_phase = (tile.context_phase + skipped) % tile.context_period;
    rest.base_phase = (tile.base_phase + skipped) % tile.base_period;
    return rest;
  }

 private:
  static constexpr std::size_t predicted_at_once = 8192;  // so that contexts are still in the first cache when used

  void predict(const Segment& segment, std::size_t first, std::size_t tokens) {
    const Rope& rope = plan_.ropes[segment.plane->rope];
    const FineRotation& fine = plan_.rotations[segment.plane->rope];
    turn(segment, first / rotation_tokens * rotation_tokens);
    const std::size_t row = first % rotation_tokens * rope.head_dim;
    kernels_.predict(
        {along_.data(), across_.data(), along_.size(), &fine.cosines[row], &fine.sines[row], rope.head_dim}, tokens,
        contexts_.data());
  }

  /// Turns the means to the token that is the first of a rotation's tile, unless they are there.
  void turn(const Segment& segment, std::size_t first) {
    if (turned_plane_ == segment.plane && turned_to_ == first) return;
    turned_plane_ = segment.plane;
    turned_to_ = first;
    const Rope& rope = plan_.ropes[segment.plane->rope];
    const Means& means = segment.plane->means;
    coarse_rotation(rope, kernels_, segment.first_token + first, cosines_, sines_);
    kernels_.turn(
        {means.along.data(), means.across.data(), along_.size(), cosines_.data(), sines_.data(), rope.head_dim},
        along_.data(), across_.data());
  }

  const PlanState& plan_;
  const Kernels& kernels_;
  Aligned<std::uint8_t>& contexts_;
  std::size_t tokens_ = 1;  // of a rotary tile
  const PlaneState* turned_plane_ = nullptr;
  std::size_t turned_to_ = 0;
  Aligned<std::int16_t> cosines_, sines_, along_, across_;
};

std::size_t element_bytes(const PlanState& plan) { return cut_of(plan.geometry.layout).word_bytes; }

/// The bytes of each plane in a block.
std::size_t plane_bytes(const PlanState& plan, const BlockPart& part, std::size_t block_bytes) {
  if (!plan.geometry.has_tokens) return block_bytes / element_bytes(plan) * element_bytes(plan);
  return part.tokens * plan.geometry.token_bytes();
}

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

  /// The last elements, and behind them what stood a token earlier, which is as likely.
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

class Popper {
 public:
  Popper(const PlanState& plan, const Kernels& kernels, Aligned<std::uint8_t>& contexts,
         std::span<const std::uint8_t> from, PopStacks& stacks)
      : plan_(plan),
        cut_(cut_of(plan.geometry.layout)),
        decode_(kernels.decode[static_cast<unsigned>(plan.geometry.layout)]),
        tiles_(plan, kernels, contexts),
        from_(from),
        stacks_(stacks) {}

  void pop(const Segment& segment, std::uint8_t* words) {
    const std::size_t step = tiles_.size(*segment.plane);
    for (std::size_t first = 0; first < segment.elements; first += step) {
      pop_tile(segment, words, first, std::min(step, segment.elements - first));
    }
  }

 private:
  void pop_tile(const Segment& segment, std::uint8_t* words, std::size_t first, std::size_t elements) {
    const std::size_t whole = elements / pair * pair;
    const AlphabetTables& tables = plan_.alphabets[segment.plane->alphabet];
    Tile tile = tiles_.at(segment, first, elements);
    tile.groups = whole / lanes;
    const std::uint8_t* const stored = from_.data() + segment.stored + first / lanes * cut_.stored_bytes();
    std::uint8_t* const to = words + first * cut_.word_bytes;
    bool good = decode_(tables, tile, stored, to, stacks_);
    if (good && whole < elements) {
      alignas(64) std::uint8_t padded[pair * 4];
      good = decode_(tables, Tiles::rest_of(tile, whole, elements - whole),
                     stored + whole / lanes * cut_.stored_bytes(), padded, stacks_);
      std::memcpy(to + whole * cut_.word_bytes, padded, (elements - whole) * cut_.word_bytes);
    }
    if (!good) throw Failure(CINCH_CORRUPT, "the coded bytes end too soon");
  }

  const PlanState& plan_;
  const Cut cut_;
  bool (*const decode_)(const AlphabetTables&, const Tile&, const std::uint8_t*, std::uint8_t*, PopStacks&);
  Tiles tiles_;
  std::span<const std::uint8_t> from_;
  PopStacks& stacks_;
};

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

namespace {

bool holds_only(const std::uint8_t* words, std::size_t n, const std::uint8_t* word, std::size_t size) {
  if (n == 0) return true;
  return std::memcmp(words, word, size) == 0 && std::memcmp(words, words + size, n - size) == 0;
}

}  // namespace

std::optional<std::size_t> BlockEncoder::encode(const PlanState& plan, const BlockPart& part,
                                                std::span<const std::uint8_t> from, std::span<std::uint8_t> to) {
  const std::size_t bytes = plane_bytes(plan, part, from.size());
  const std::size_t token_bytes = plan.geometry.token_bytes();
  const std::span<const PlaneState> planes = std::span(plan.planes).subspan(part.first_plane, part.planes);
  if (std::ranges::all_of(planes, [](const PlaneState& plane) { return plane.kind == PlaneKind::raw; }))
    return std::nullopt;
  if (from.size() <= before_sections || from.size() > most_block_bytes || to.size() < from.size() + encoder_slack)
    return std::nullopt;
  BlockWriter writer(plan, to);
  rows_.clear();
  rows_.reserve(part.planes * bytes);  // so that it never moves
  for (std::uint64_t i = 0; i < part.planes; ++i) {
    const PlaneState& plane = planes[i];
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
  const std::size_t most_escapes = from.size() / 16;  // beyond that it cannot pay
  return finish(plan, writer, most_escapes, from.size(), to);
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
                                                std::size_t most_escapes, std::size_t worth,
                                                std::span<std::uint8_t> to) {
  const std::size_t at = writer.at();
  std::size_t largest = 0;
  PushStacks stacks{};
  std::fill_n(stacks.states.high, pair, std::uint8_t{1});
  stacks.bytes = to.data() + at;
  Pusher pusher(plan, kernels_, contexts_, to, stacks);
  std::size_t elements = 0;
  for (const Segment& segment : writer.segments) {
    elements += segment.elements;
    largest = std::max(largest, std::min(pusher.tile_size(*segment.plane), segment.elements) + pair);
  }
  bits_.resize(elements / 4 + largest / 4 + 64);
  escapes_.resize(2 * (most_escapes + largest));
  stacks.bits = bits_.data();
  stacks.escapes = escapes_.data();
  const auto pushed_beside = [&] {
    return (stacks.bit_count + 7) / 8 + static_cast<std::size_t>(stacks.escapes - escapes_.data()) + pair;
  };
  const auto has_room = [&](std::size_t more) {
    const auto left = static_cast<std::size_t>(to.data() + to.size() - stacks.bytes);
    return left >= more + pair + pushed_beside() && stacks.escapes <= escapes_.data() + 2 * most_escapes;
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
namespace {

/// The segments of a block and the sections between them, read from its front.
class BlockReader {
 public:
  BlockReader(const PlanState& plan, std::span<const std::uint8_t> from)
      : plan_(plan), start_(from.data()), in_(from), head_(in_.number<Head>()), low_(in_.take(pair)) {}

  std::span<const std::uint8_t> take(std::uint64_t n) { return in_.take(n); }

  Segment segment(const PlaneState& plane, std::uint64_t first_token, std::size_t elements) {
    Segment made{&plane, first_token, elements, static_cast<std::size_t>(in_.rest().data() - start_)};
    in_.take(made.stored_bytes(cut_of(plan_.geometry.layout)));
    return made;
  }

  /// What is behind all sections: the stacks.
  PopStacks stacks() {
    PopStacks stacks;
    const auto rans = in_.take(head_.rans_bytes);
    stacks.bytes_bottom = rans.data();
    stacks.bytes = rans.data() + rans.size();
    stacks.bits = in_.take((std::uint64_t{head_.extra_bits} + 7) / 8).data();
    stacks.bit_count = head_.extra_bits;
    const auto escapes = in_.take(2 * std::uint64_t{head_.escapes});
    stacks.escapes_bottom = escapes.data();
    stacks.escapes = escapes.data() + escapes.size();
    std::memcpy(stacks.states.low, low_.data(), pair);
    std::memcpy(stacks.states.high, in_.take(pair).data(), pair);
    expect_end();
    return stacks;
  }

  void expect_end() {
    if (!in_.rest().empty()) throw Failure(CINCH_CORRUPT, "bytes behind the block");
  }
  void expect_nothing_coded() {
    expect_end();
    if (head_.rans_bytes != 0 || head_.extra_bits != 0 || head_.escapes != 0) {
      throw Failure(CINCH_CORRUPT, "a block without coded elements speaks of them");
    }
  }

 private:
  const PlanState& plan_;
  const std::uint8_t* start_;
  Reader in_;
  Head head_;
  std::span<const std::uint8_t> low_;
};

/// States and stacks end where the encoder began: a check of all that was decoded.
void expect_beginning(const PopStacks& stacks) {
  const bool states_ended = std::ranges::all_of(stacks.states.low, [](std::uint8_t byte) { return byte == 0; }) &&
                            std::ranges::all_of(stacks.states.high, [](std::uint8_t byte) { return byte == 1; });
  if (!states_ended || stacks.bytes != stacks.bytes_bottom || stacks.bit_count != 0 ||
      stacks.escapes != stacks.escapes_bottom) {
    throw Failure(CINCH_CORRUPT, "the coded bytes do not end where they should");
  }
}

void fill(std::span<std::uint8_t> to, const std::uint8_t* word, std::size_t size) {
  for (std::size_t i = 0; i < to.size(); i += size) std::memcpy(&to[i], word, size);
}

/// A plane of a block whose rows are partly stored in the plan.
struct RowPlane {
  const PlaneState* plane;
  std::uint8_t* to;
  std::vector<std::uint32_t> numbers;  // 0: coded in the block
  std::vector<std::uint8_t> coded;
};

RowPlane read_row_numbers(const PlaneState& plane, std::size_t tokens, std::uint8_t* to, BlockReader& in) {
  RowPlane rows{&plane, to, std::vector<std::uint32_t>(tokens), {}};
  unpack_numbers(in.take(packed_bytes(plane.row_count, tokens)), plane.row_count, rows.numbers);
  for (const std::uint32_t number : rows.numbers) {
    if (number > plane.row_count) throw Failure(CINCH_CORRUPT, "a row that the plan does not have");
  }
  return rows;
}

void place_rows(const RowPlane& rows, std::size_t row_bytes) {
  const std::uint8_t* coded = rows.coded.data();
  std::uint8_t* to = rows.to;
  for (const std::uint32_t number : rows.numbers) {
    const std::uint8_t* const from = number == 0 ? coded : &rows.plane->rows[(number - 1) * row_bytes];
    std::memcpy(to, from, row_bytes);
    if (number == 0) coded += row_bytes;
    to += row_bytes;
  }
}

}  // namespace

void decode_block(const PlanState& plan, const BlockPart& part, const Kernels& kernels,
                  std::span<const std::uint8_t> from, std::span<std::uint8_t> to, Aligned<std::uint8_t>& contexts) {
  const std::size_t bytes = plane_bytes(plan, part, to.size());
  const std::size_t token_bytes = plan.geometry.token_bytes();
  const std::size_t size = element_bytes(plan);
  BlockReader in(plan, from);
  std::vector<Segment> segments;
  std::vector<std::uint8_t*> words;
  std::vector<RowPlane> row_planes;
  row_planes.reserve(part.planes);
  for (std::uint64_t i = 0; i < part.planes; ++i) {
    const PlaneState& plane = plan.planes[part.first_plane + i];
    const std::span<std::uint8_t> out = to.subspan(i * bytes, bytes);
    std::uint8_t* coded_to = out.data();
    std::size_t elements = bytes / size;
    if (plane.kind == PlaneKind::raw) {
      std::ranges::copy(in.take(bytes), out.begin());
      elements = 0;
    } else if (plane.kind == PlaneKind::constant) {
      fill(out, plane.word, size);
      elements = 0;
    } else if (plane.row_count > 0) {
      RowPlane& rows = row_planes.emplace_back(read_row_numbers(plane, part.tokens, out.data(), in));
      rows.coded.resize(static_cast<std::size_t>(std::ranges::count(rows.numbers, 0u)) * token_bytes);
      coded_to = rows.coded.data();
      elements = rows.coded.size() / size;
    }
    if (elements == 0) continue;
    segments.push_back(in.segment(plane, part.first_token, elements));
    words.push_back(coded_to);
  }
  const std::span<std::uint8_t> tail = to.subspan(part.planes * bytes);
  std::ranges::copy(in.take(tail.size()), tail.begin());
  if (segments.empty()) {
    in.expect_nothing_coded();
  } else {
    PopStacks stacks = in.stacks();
    Popper popper(plan, kernels, contexts, from, stacks);
    for (std::size_t i = 0; i < segments.size(); ++i) popper.pop(segments[i], words[i]);
    expect_beginning(stacks);
  }
  for (const RowPlane& rows : row_planes) place_rows(rows, token_bytes);
}

void decode_rows(const PlanState& plan, PlaneState& plane, std::span<const std::uint8_t> coded,
                 const Kernels& kernels) {
  plane.rows.resize(plane.row_count * plan.geometry.token_bytes());
  BlockReader in(plan, coded);
  const Segment segment = in.segment(plane, 0, plane.rows.size() / element_bytes(plan));
  PopStacks stacks = in.stacks();
  Aligned<std::uint8_t> contexts;
  Popper(plan, kernels, contexts, coded, stacks).pop(segment, plane.rows.data());
  expect_beginning(stacks);
}

}  // namespace cinch::tensor
