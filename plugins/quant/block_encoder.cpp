#include "plugins/quant/block_encoder.hpp"

#include <algorithm>

#include "plugins/quant/precision.hpp"

namespace cinch::quant {
namespace {

constexpr std::size_t max_head_bytes = 4 * 10;

std::size_t put_number(std::uint64_t number, std::uint8_t* to) {
  std::size_t length = 0;
  for (; number > 127; number >>= 7) to[length++] = static_cast<std::uint8_t>(number | 128);
  to[length++] = static_cast<std::uint8_t>(number);
  return length;
}

}  // namespace

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
  const Block block = plan.block(part, plane_heads_);
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

}  // namespace cinch::quant
