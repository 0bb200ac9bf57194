/// How a value is cut into blocks.
#pragma once

#include <cstdint>

#include "cinch/codec.hpp"
#include "engine/token_grid.hpp"

namespace cinch {

/// One block of a value: its slice and its length in bytes.
struct BlockPart {
  BlockSlice slice;
  std::uint64_t size = 0;
};

/// The cut of a value of `size` bytes into blocks of at most `block_bytes` (0: one block). A tensor with a token axis
/// is cut into whole planes, or into tokens of one plane (a token longer than `block_bytes` is a block of its own); any
/// other value at multiples of 64 bytes. The empty value is one empty block. The cut depends on the arguments alone, so
/// that a reader can make it again. Requires: `shape`, if given, describes `size` bytes and outlives the result.
class BlockSplit {
 public:
  BlockSplit(std::uint64_t size, const TensorShape* shape, std::uint64_t block_bytes) noexcept;

  std::uint64_t count() const noexcept { return count_; }

  /// Requires: `index < count()`.
  BlockPart operator[](std::uint64_t index) const noexcept;

 private:
  std::uint64_t size_;
  const TensorShape* shape_;
  std::uint64_t count_ = 1;
  TokenGrid grid_;                      // no planes: cut by bytes alone
  std::uint64_t planes_per_block_ = 0;  // 0: blocks are tokens of one plane
  std::uint64_t step_ = 0;              // tokens per block, or bytes per block
};

}  // namespace cinch
