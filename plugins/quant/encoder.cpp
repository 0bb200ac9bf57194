#include "plugins/quant/encoder.hpp"

#include <algorithm>
#include <new>

#include "plugins/quant/precision.hpp"

namespace cinch::quant {
namespace {

constexpr std::align_val_t alignment{64};

Block block_of(const Plan& plan, const stream::SlicePart& part, std::vector<const Head*>& plane_heads) {
  plane_heads.clear();
  for (std::uint64_t i = 0; i < part.planes; ++i) plane_heads.push_back(plan.heads_of(part.first_plane + i));
  const Geometry& geometry = plan.geometry();
  return {part.planes, part.tokens, part.first_token, geometry.heads, geometry.dim, plane_heads.data()};
}

std::size_t put_number(std::uint64_t number, std::uint8_t* to) {
  std::size_t length = 0;
  for (; number > 127; number >>= 7) to[length++] = static_cast<std::uint8_t>(number | 128);
  to[length++] = static_cast<std::uint8_t>(number);
  return length;
}

[[noreturn]] void corrupt(const char* what) {
  throw plugin::Failure(CINCH_CORRUPT, std::string("block of quant: ") + what);
}

/// Takes a number off the front; at most `most`.
std::size_t take_number(std::span<const std::uint8_t>& from, std::uint64_t most) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 63 && !from.empty(); shift += 7) {
    const std::uint8_t byte = from[0];
    from = from.subspan(1);
    number |= std::uint64_t{byte & 127u} << shift;
    if (byte < 128) {
      if (number > most) break;
      return static_cast<std::size_t>(number);
    }
  }
  corrupt("a length beyond its end");
}

std::size_t states_bytes(std::uint64_t values) {
  return values < two_set_values ? rans::StoredStates<1>::bytes : rans::StoredStates<2>::bytes;
}

constexpr std::size_t max_head_bytes = 4 * 10;

}  // namespace

void Buffer::Free::operator()(std::uint8_t* bytes) const { ::operator delete(bytes, alignment); }

std::uint8_t* Buffer::room(std::size_t bytes) {
  if (bytes > size_) {
    bytes_.reset();
    bytes_.reset(static_cast<std::uint8_t*>(::operator new(bytes, alignment)));
    size_ = bytes;
  }
  return bytes_.get();
}

void BlockEncoder::make_room(const Block& block, const Plan& plan, std::size_t most) {
  const std::size_t chunks = chunks_of(block.dim), rows = std::min<std::uint64_t>(block.tokens, tile_rows);
  const std::size_t tiles = block.planes * block.heads * ((block.tokens + tile_rows - 1) / tile_rows);
  const std::size_t values =
      std::size_t{tile_rows} * padded_dim(block.dim);  // of a tile, after which sizes are checked
  quantised_.symbols = symbols_.room(tiles * (room_of(rows) + chunks * 4 * room_of(rows * group_channels)) + slack);
  quantised_.runs = reinterpret_cast<Run*>(runs_.room(tiles * (1 + 4 * chunks) * sizeof(Run)));
  quantised_.escapes = escapes_.room(most + values + tile_rows + slack);
  quantised_.wides = wides_.room(most + 2 * (values + tile_rows) + slack);
  quantised_.raws = raws_.room(most + tile_rows * plan.geometry().row_bytes() + slack);
  quantised_.lows = lows_.room(most + tile_rows * chunks * 8 * max_low_bits + slack);
  quantised_.scratch = scratch_.room(plan.kernels().scratch_bytes(block.heads, block.dim));
  quantised_.run_count = quantised_.escape_count = quantised_.wide_count = 0;
  quantised_.raw_count = quantised_.low_bytes = 0;
  quantised_.most = most;
}

std::optional<std::size_t> BlockEncoder::encode(const Plan& plan, const Parameters& parameters,
                                                const stream::SlicePart& part, std::span<const std::uint8_t> from,
                                                std::span<std::uint8_t> to) {
  const Geometry& geometry = plan.geometry();
  if (from.empty() || to.size() < max_head_bytes) return std::nullopt;
  const Block block = block_of(plan, part, plane_heads_);
  make_room(block, plan, to.size() - max_head_bytes);
  const Precision precision{limits_of(plan.error(), geometry.dim, geometry.element),
                            limits_of(plan.first_error(), geometry.dim, geometry.element), parameters.first,
                            min_square_of(geometry.element)};
  if (!plan.kernels().quantise(block, geometry.element, precision, from.data(), quantised_)) return std::nullopt;
  const Quantised& made = quantised_;
  std::uint8_t* at = to.data();
  for (const std::size_t length : {made.escape_count, made.wide_count, made.raw_count, made.low_bytes}) {
    at += put_number(length, at);
  }
  at = std::copy_n(made.escapes, made.escape_count, at);
  at = std::copy_n(made.wides, 2 * made.wide_count, at);
  at = std::copy_n(made.raws, made.raw_count, at);
  at = std::copy_n(made.lows, made.low_bytes, at);
  at = plan.kernels().code(made, block.values(), at, static_cast<std::size_t>(to.data() + to.size() - at));
  if (!at) return std::nullopt;
  return static_cast<std::size_t>(at - to.data());
}

void BlockDecoder::decode(const Plan& plan, const stream::SlicePart& part, std::span<const std::uint8_t> from,
                          std::span<std::uint8_t> to) {
  const Geometry& geometry = plan.geometry();
  if (to.empty()) {
    if (!from.empty()) corrupt("bytes that stand for nothing");
    return;
  }
  const Block block = block_of(plan, part, plane_heads_);
  const std::size_t states = states_bytes(block.values());
  const std::size_t escapes = take_number(from, from.size());
  const std::size_t wides = 2 * take_number(from, from.size());
  const std::size_t raws = take_number(from, from.size());
  const std::size_t lows = take_number(from, from.size());
  if (escapes + wides + raws + lows + states > from.size()) corrupt("parts beyond its end");
  Stored stored{};
  stored.escapes = from.data();
  stored.wides = stored.escapes + escapes;
  stored.raws = stored.wides + wides;
  stored.lows = stored.raws + raws;
  stored.stream = stored.lows + lows;
  stored.states = from.data() + (from.size() - states);
  stored.scratch = scratch_.room(plan.kernels().scratch_bytes(block.heads, block.dim));
  if (!plan.kernels().decode(block, geometry.element, stored, to.data())) corrupt("not what an encoder makes");
}

}  // namespace cinch::quant
