/// Collects the encoded blocks of a frame in memory that a store can keep as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "cinch/bytes.hpp"
#include "cinch/value.hpp"

namespace cinch {

/// One allocation: room for the frame's head, then its blocks. Throws `std::bad_alloc`.
class PackedFrame {
 public:
  explicit PackedFrame(std::size_t head_room) noexcept : head_room_(head_room) {}
  PackedFrame(const PackedFrame&) = delete;
  PackedFrame& operator=(const PackedFrame&) = delete;
  ~PackedFrame();

  /// Appends a block. With it, `done` of the value's `total` bytes are encoded; the rest is assumed to compress equally
  /// well, so that the memory rarely has to grow.
  void append(ByteView block, std::uint64_t done, std::uint64_t total);

  /// Frees unused capacity.
  void shrink() noexcept;

  /// The blocks so far; `append` and `shrink` may move them.
  ByteView blocks() const noexcept { return {memory_ + start(), used_}; }

  /// The whole frame, which takes over the memory; the blocks stay where they are. Returns the empty value, and changes
  /// nothing, if the head does not fit into its room or no block has a byte.
  Value take_with_head(ByteView head) noexcept;

 private:
  class Owner;
  std::size_t start() const noexcept;
  bool resize(std::size_t blocks_capacity) noexcept;

  std::size_t head_room_;
  std::byte* memory_ = nullptr;  // from malloc, for realloc; null: no bytes yet
  std::size_t capacity_ = 0;     // for blocks
  std::size_t used_ = 0;
};

}  // namespace cinch
