/// How a tensor divides into planes and tokens, and which of them a block holds.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cinch/codec_plugin_options.hpp"

namespace cinch::stream {

/// The dimensions of a tensor, multiplied: those before the token axis count planes, those after it a token's elements.
struct TokenGrid {
  std::uint64_t planes = 1;
  std::uint64_t tokens = 1;  ///< Of each plane.
  std::uint64_t token_elements = 1;

  /// Requires: the shape has a token axis.
  explicit TokenGrid(const cinch_shape_v1& shape) : tokens(shape.dims[shape.token_axis]) {
    for (unsigned i = 0; i < shape.token_axis; ++i) planes *= shape.dims[i];
    for (unsigned i = shape.token_axis + 1u; i < shape.ndim; ++i) token_elements *= shape.dims[i];
  }
};

/// The planes and tokens of a block: whole planes, or tokens of one. By default one plane of one token, as which a
/// value without a token axis counts.
struct SlicePart {
  std::uint64_t first_plane = 0;
  std::uint64_t planes = 1;
  std::uint64_t first_token = 0;
  std::uint64_t tokens = 1;
};

/// What a slice says, checked against the value's geometry, which has `planes`, `tokens` and `token_bytes()`. Throws
/// `Failure` (INVALID_ARG) if it lies outside the value or does not have `bytes` bytes.
template <class Geometry>
SlicePart slice_part(const cinch_slice_v1& slice, const Geometry& geometry, std::size_t bytes) {
  const SlicePart part{slice.first_plane, slice.n_planes, slice.first_token, slice.n_tokens};
  const bool is_inside = part.first_plane <= geometry.planes && part.planes <= geometry.planes - part.first_plane &&
                         part.first_token <= geometry.tokens && part.tokens <= geometry.tokens - part.first_token;
  if (!is_inside || part.planes * part.tokens * geometry.token_bytes() != bytes) {
    throw plugin::Failure(CINCH_INVALID_ARG, "a block that does not fit the value's planes and tokens");
  }
  return part;
}

}  // namespace cinch::stream
