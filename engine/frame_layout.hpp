/// Where the blocks and the plan of a frame lie, and their checksums. FORMAT.md is the specification.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "cinch/codec.hpp"
#include "cinch/status.hpp"
#include "engine/block_split.hpp"
#include "engine/checksum.hpp"
#include "engine/frame_summary.hpp"

namespace cinch {

/// Raw blocks of typed values start at a multiple of this in the frame, so that views of them are aligned.
inline constexpr std::uint64_t typed_block_alignment = 64;

/// One block as the index has it.
struct BlockEntry {
  std::uint64_t decoded_bytes = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t stored_checksum = 0;
  std::uint64_t decoded_checksum = 0;
  std::uint64_t stored_offset = 0;  // in the frame; follows from the lengths before it, not stored

  bool is_raw() const noexcept { return stored_bytes == decoded_bytes; }
};

/// The vectors for checksums between calls of a codec.
inline Vectors vectors_beside(const Codec& codec) noexcept {
  return codec.traits().wide_vectors ? Vectors::wide : Vectors::narrow;
}

/// Where a block starts in the frame if those before it end at `offset`: raw blocks of typed values are aligned.
std::uint64_t block_start(std::uint64_t offset, bool raw, bool typed) noexcept;

/// Appends the index of `blocks` and, if there is a plan, the plan's checksum.
void write_index(std::span<const BlockEntry> blocks, ByteView plan, std::pmr::vector<std::byte>& out);

/// The length of an index.
std::uint64_t index_bytes(std::uint64_t block_count, bool has_plan) noexcept;

class FrameLayout {
 public:
  /// Reads summary and index, and checks what can be checked without reading the blocks: both checksums, that the
  /// lengths add up to the frame's, that the cut follows from shape and block length, that padding is zero.
  /// Errors: `corruption`, `incompatible`; `too_large` for a decoded length over `max_value_bytes`.
  /// Requires: the layout is default-constructed. After a failure it is unspecified.
  Status read(ByteView frame, std::string_view key, std::uint64_t max_value_bytes);

  const FrameSummary& summary() const noexcept { return summary_; }
  std::span<const BlockEntry> blocks() const noexcept {
    return summary_.indexed ? std::span<const BlockEntry>(indexed_) : std::span<const BlockEntry>(&single_, 1);
  }

  /// How the value was cut. The result points into the layout.
  BlockSplit split() const noexcept {
    return {summary_.decoded_bytes, summary_.shape ? &*summary_.shape : nullptr, summary_.block_bytes};
  }

  /// Empty if there is none. Not verified; see `check_plan`.
  ByteView plan(ByteView frame) const noexcept { return frame.subspan(plan_offset_, summary_.plan_bytes); }

  /// Errors: `corruption`.
  Status check_plan(ByteView frame) const;
  Status check_stored_block(ByteView frame, const BlockEntry& block, Vectors vectors) const;

  /// Plan and all blocks: everything that can be verified without a codec.
  Status check_stored(ByteView frame) const;

 private:
  Status read_index(ByteView frame);
  Status place_blocks(ByteView frame);

  FrameSummary summary_;
  BlockEntry single_;
  std::vector<BlockEntry> indexed_;
  std::uint64_t plan_offset_ = 0;
  std::uint64_t plan_checksum_ = 0;
  std::uint64_t blocks_offset_ = 0;
};

}  // namespace cinch
