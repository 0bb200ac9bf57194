/// How a value is laid out: planes of tokens of channels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "cinch/codec_plugin.h"
#include "plugins/stream/slice_part.hpp"
#include "plugins/tensor/layout.hpp"

namespace cinch::tensor {

struct Geometry {
  Layout layout = Layout::bf16;
  bool has_tokens = false;  ///< Otherwise one plane of one token.
  std::uint64_t planes = 1;
  std::uint64_t tokens = 1;    ///< Of each plane.
  std::uint64_t channels = 0;  ///< Elements of a token.
  std::uint64_t head_dim = 0;  ///< The last dimension, when there are several after the token axis.

  std::uint64_t token_bytes() const { return channels * cut_of(layout).word_bytes; }

  /// False for very many very short planes: their models would take more memory than the planes, for little gain.
  bool is_worth_planning() const {
    constexpr std::uint64_t max_short_planes = 4096, min_plane_bytes = 1024;
    return planes <= max_short_planes || tokens * token_bytes() >= min_plane_bytes;
  }
};

/// The geometry of a value of `size` bytes, or none if this codec has nothing to offer: for types other than floats,
/// and empty values.
inline std::optional<Geometry> geometry_of(const cinch_shape_v1* shape, std::uint64_t size) {
  const std::optional<Layout> layout = layout_of(shape);
  if (!layout || size == 0) return std::nullopt;
  Geometry geometry;
  geometry.layout = *layout;
  geometry.channels = size / cut_of(*layout).word_bytes;
  if (!shape || shape->token_axis >= shape->ndim) return geometry;
  geometry.has_tokens = true;
  const stream::TokenGrid grid(*shape);
  geometry.planes = grid.planes;
  geometry.tokens = grid.tokens;
  geometry.channels = grid.token_elements;
  if (shape->ndim > shape->token_axis + 2) geometry.head_dim = shape->dims[shape->ndim - 1];
  return geometry;
}

}  // namespace cinch::tensor
