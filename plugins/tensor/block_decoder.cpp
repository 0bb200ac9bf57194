#include <algorithm>
#include <cstring>

#include "plugins/stream/stored_bytes.hpp"
#include "plugins/tensor/block_parts.hpp"

namespace cinch::tensor {
namespace {

using plugin::Failure;

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

/// The segments of a block and the sections between them, read from its front.
class BlockReader {
 public:
  BlockReader(const PlanState& plan, std::span<const std::uint8_t> from)
      : plan_(plan), start_(from.data()), in_(from), head_(in_.take<Head>()), low_(in_.take(pair)) {}

  std::span<const std::uint8_t> take(std::uint64_t n) { return in_.take(n); }

  Segment segment(const PlaneState& plane, std::uint64_t first_token, std::size_t elements) {
    Segment made{&plane, first_token, elements, static_cast<std::size_t>(in_.rest().data() - start_)};
    in_.take(made.stored_bytes(cut_of(plan_.geometry.layout)));
    return made;
  }

  /// The stacks, which follow all sections.
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
  stream::ByteReader in_;
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

void decode_block(const PlanState& plan, const stream::SlicePart& part, const Kernels& kernels,
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
    const PlaneState& plane = plan.plane(part.first_plane + i);
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
