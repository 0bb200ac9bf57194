/// Puts the encoded blocks of a frame together in memory that a store can keep as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "cinch/bytes.hpp"
#include "cinch/value.hpp"

namespace cinch {

/// One piece of memory: room for the frame's head, then its blocks. Throws `std::bad_alloc`.
class PackedFrame {
 public:
  explicit PackedFrame(std::size_t head_room) noexcept : head_room_(head_room) {}
  PackedFrame(const PackedFrame&) = delete;
  PackedFrame& operator=(const PackedFrame&) = delete;
  ~PackedFrame();

  /// Appends a block. `done` of `total` bytes of the value are encoded with it: what is to come is taken to be like
  /// what has come, so that memory seldom has to grow.
  void append(ByteView block, std::uint64_t done, std::uint64_t total);

  /// Gives back what is left over.
  void shrink() noexcept;

  /// The blocks so far; they move with the next call of the above.
  ByteView blocks() const noexcept { return {memory_ + start(), used_}; }

  /// The whole frame; the empty value, and nothing has changed, when the head does not fit into its room or no block
  /// had a byte. The blocks stay where they are, and are the value's from now on.
  Value take_with_head(ByteView head) noexcept;

 private:
  class Owner;
  std::size_t start() const noexcept;
  bool resize(std::size_t blocks_capacity) noexcept;

  std::size_t head_room_;
  std::byte* memory_ = nullptr;  // malloc's, which can make a piece longer or shorter where it lies; null: no bytes yet
  std::size_t capacity_ = 0;     // for blocks
  std::size_t used_ = 0;
};

}  // namespace cinch
