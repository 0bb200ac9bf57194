/// How a value is cut into blocks.
#pragma once

#include <cstdint>

#include "cinch/codec.hpp"

namespace cinch {

/// One block of a value: its slice and its length in bytes.
struct BlockPart {
  BlockSlice slice;
  std::uint64_t size = 0;
};

/// The cut of a value of `size` bytes into blocks of at most `block_bytes` (0: one block), which depends on nothing
/// else, so that a reader can make it again: whole planes, or tokens of one plane, of a tensor with a token axis (a
/// token that is longer than a block is a block of its own); multiples of 64 bytes otherwise. The empty value is one
/// empty block. Requires: `shape`, where given, describes `size` bytes, and outlives the result.
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
  std::uint64_t planes_ = 0;  // 0: cut by bytes alone
  std::uint64_t tokens_ = 0;
  std::uint64_t token_bytes_ = 0;
  std::uint64_t planes_per_block_ = 0;  // 0: blocks are tokens of one plane
  std::uint64_t step_ = 0;              // tokens per block, or bytes per block
};

}  // namespace cinch
