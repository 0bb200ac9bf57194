#include "engine/frame_layout.hpp"

#include <algorithm>

#include "engine/block_split.hpp"
#include "engine/byte_io.hpp"

namespace cinch {
namespace {

constexpr std::uint64_t entry_bytes = 24;
constexpr std::uint64_t plan_checksum_bytes = 8;

bool all_zero(ByteView bytes) noexcept {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

std::uint64_t block_start(std::uint64_t offset, bool raw, bool typed) noexcept {
  if (!raw || !typed) return offset;
  return (offset + typed_block_alignment - 1) / typed_block_alignment * typed_block_alignment;
}

void write_index(std::span<const BlockEntry> blocks, ByteView plan, std::pmr::vector<std::byte>& out) {
  const std::size_t start = out.size();
  out.resize(start + index_bytes(blocks.size(), !plan.empty()));
  ByteWriter writer(out.data() + start);
  for (const BlockEntry& block : blocks) {
    writer.fixed(static_cast<std::uint32_t>(block.decoded_bytes));
    writer.fixed(static_cast<std::uint32_t>(block.stored_bytes));
    writer.fixed(block.stored_checksum);
    writer.fixed(block.decoded_checksum);
  }
  if (!plan.empty()) writer.fixed(checksum(plan));
}

std::uint64_t index_bytes(std::uint64_t block_count, bool has_plan) noexcept {
  return block_count * entry_bytes + (has_plan ? plan_checksum_bytes : 0);
}

Status FrameLayout::read(ByteView frame, std::string_view key, std::uint64_t max_value_bytes) {
  if (Status status = read_summary(frame, key, summary_); !status.ok()) return status;
  if (summary_.decoded_bytes > max_value_bytes) {
    return {StatusCode::too_large, "frame: decodes to " + std::to_string(summary_.decoded_bytes) +
                                       " bytes, the limit is " + std::to_string(max_value_bytes)};
  }
  blocks_offset_ = summary_.summary_bytes;
  if (summary_.indexed) {
    if (Status status = read_index(frame); !status.ok()) return status;
  } else {
    const bool raw = summary_.stored_raw;
    const std::uint64_t start = block_start(blocks_offset_, raw, summary_.shape.has_value());
    const std::uint64_t stored =
        raw ? summary_.decoded_bytes : frame.size() - std::min<std::uint64_t>(start, frame.size());
    single_ = {summary_.decoded_bytes, stored, raw ? summary_.decoded_checksum : summary_.stored_checksum,
               summary_.decoded_checksum, 0};
    if (!raw && single_.is_raw()) return corrupt_frame("an encoded block that is as long as its value");
  }
  return place_blocks(frame);
}

Status FrameLayout::read_index(ByteView frame) {
  const ByteView rest = frame.subspan(summary_.summary_bytes);
  const bool has_plan = summary_.plan_bytes > 0;
  // Bounded by the frame's own length before anything is allocated.
  if (summary_.block_count > rest.size() / entry_bytes) return corrupt_frame("cut off within its index");
  const std::uint64_t length = index_bytes(summary_.block_count, has_plan);
  if (length > rest.size() || summary_.plan_bytes > rest.size() - length) {
    return corrupt_frame("cut off within its index or plan");
  }
  const ByteView index = rest.first(length);
  if (checksum(index) != summary_.index_checksum) return corrupt_frame("its index does not verify");

  const BlockSplit split = this->split();
  if (split.count() != summary_.block_count) return corrupt_frame("its number of blocks is not what its cut gives");
  indexed_.resize(summary_.block_count);
  ByteReader reader(index);
  for (std::size_t i = 0; i < indexed_.size(); ++i) {
    BlockEntry& block = indexed_[i];
    block.decoded_bytes = reader.fixed<std::uint32_t>();
    block.stored_bytes = reader.fixed<std::uint32_t>();
    block.stored_checksum = reader.fixed<std::uint64_t>();
    block.decoded_checksum = reader.fixed<std::uint64_t>();
    if (block.decoded_bytes != split[i].size) return corrupt_frame("the length of a block is not what its cut gives");
    if (summary_.stored_raw && !block.is_raw()) {
      return corrupt_frame("an encoded block in a frame that says it has none");
    }
  }
  if (has_plan) plan_checksum_ = reader.fixed<std::uint64_t>();
  plan_offset_ = summary_.summary_bytes + length;
  blocks_offset_ = plan_offset_ + summary_.plan_bytes;
  return {};
}

Status FrameLayout::place_blocks(ByteView frame) {
  const std::span<BlockEntry> blocks = summary_.indexed ? std::span(indexed_) : std::span(&single_, 1);
  std::uint64_t end = blocks_offset_;
  for (BlockEntry& block : blocks) {
    block.stored_offset = block_start(end, block.is_raw(), summary_.shape.has_value());
    if (block.stored_offset > frame.size() || block.stored_bytes > frame.size() - block.stored_offset) {
      return corrupt_frame("cut off within its blocks");
    }
    if (!all_zero(frame.subspan(end, block.stored_offset - end))) return corrupt_frame("its padding is not zero");
    end = block.stored_offset + block.stored_bytes;
  }
  if (end != frame.size()) return corrupt_frame(std::to_string(frame.size() - end) + " bytes too long");
  return {};
}

Status FrameLayout::check_plan(ByteView frame) const {
  if (summary_.plan_bytes == 0 || checksum(plan(frame)) == plan_checksum_) return {};
  return corrupt_frame("its plan does not verify");
}

Status FrameLayout::check_stored_block(ByteView frame, const BlockEntry& block, Vectors vectors) const {
  std::uint64_t found = checksum(frame.subspan(block.stored_offset, block.stored_bytes), vectors);
  if (!summary_.indexed && !summary_.stored_raw) found = static_cast<std::uint32_t>(found);
  if (found == block.stored_checksum) return {};
  return corrupt_frame("the block at byte " + std::to_string(block.stored_offset) + " does not verify");
}

Status FrameLayout::check_stored(ByteView frame) const {
  if (Status status = check_plan(frame); !status.ok()) return status;
  for (const BlockEntry& block : blocks()) {
    if (Status status = check_stored_block(frame, block, Vectors::wide); !status.ok()) return status;
  }
  return {};
}

}  // namespace cinch
