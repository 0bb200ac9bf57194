/// Shows whether a decoder wrote outside its block where other blocks of the value lie, and no canary.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>

#include "cinch/bytes.hpp"

namespace cinch {

/// The first and last bytes of a decoded block. To be remembered before its checksum is compared, which shows what was
/// written there until then; what was written later shows when all blocks are decoded. A block of which nothing was
/// remembered counts as intact.
class BlockEdges {
 public:
  /// `bytes` lie, or are yet to be copied, to `at`. If called again: with what follows of the block.
  void remember(const std::byte* at, ByteView bytes) noexcept {
    const std::size_t size = std::min(bytes.size(), reach);
    if (first_.size == 0) first_.remember(at, bytes.first(size));
    last_.remember(at + (bytes.size() - size), bytes.last(size));
  }

  bool are_intact() const noexcept { return first_.is_intact() && last_.is_intact(); }

 private:
  static constexpr std::size_t reach = 64;  // a canary's

  struct Edge {
    const std::byte* at = nullptr;
    std::size_t size = 0;
    std::array<std::byte, reach> bytes;

    void remember(const std::byte* where, ByteView what) noexcept {
      at = where;
      size = what.size();
      if (size > 0) std::memcpy(bytes.data(), what.data(), size);
    }
    bool is_intact() const noexcept { return size == 0 || std::memcmp(at, bytes.data(), size) == 0; }
  };

  Edge first_;
  Edge last_;
};

inline bool are_intact(std::span<const BlockEdges> blocks) noexcept {
  return std::ranges::all_of(blocks, &BlockEdges::are_intact);
}

}  // namespace cinch
