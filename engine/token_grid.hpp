/// A tensor with a token axis, seen as planes of tokens.
#pragma once

#include <cstdint>

#include "cinch/tensor.hpp"

namespace cinch {

struct TokenGrid {
  std::uint64_t planes = 0;
  std::uint64_t tokens = 0;  // of one plane
  std::uint64_t token_bytes = 0;
};

/// The grid of a value of `bytes` bytes; its tokens have no bytes if it has none. Requires: `shape` has a token axis
/// and describes `bytes` bytes.
inline TokenGrid token_grid(const TensorShape& shape, std::uint64_t bytes) noexcept {
  TokenGrid grid{.planes = 1, .tokens = shape.dims[*shape.token_axis]};
  for (unsigned i = 0; i < *shape.token_axis; ++i) grid.planes *= shape.dims[i];
  const std::uint64_t count = grid.planes * grid.tokens;
  if (count > 0) grid.token_bytes = bytes / count;
  return grid;
}

}  // namespace cinch
