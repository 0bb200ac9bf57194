#include "engine/block_split.hpp"

#include <algorithm>

namespace cinch {
namespace {

constexpr std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) noexcept { return a / b + (a % b != 0); }

}  // namespace

BlockSplit::BlockSplit(std::uint64_t size, const TensorShape* shape, std::uint64_t block_bytes) noexcept
    : size_(size), shape_(shape) {
  if (shape && shape->token_axis && size > 0) {
    grid_ = token_grid(*shape, size);
  }
  if (block_bytes == 0 || size <= block_bytes) {
    planes_per_block_ = grid_.planes;
    step_ = size;
    return;
  }
  if (grid_.planes == 0) {
    step_ = std::max<std::uint64_t>(block_bytes / 64 * 64, 64);
    count_ = ceil_div(size, step_);
    return;
  }
  planes_per_block_ = block_bytes / (grid_.tokens * grid_.token_bytes);
  if (planes_per_block_ > 0) {
    count_ = ceil_div(grid_.planes, planes_per_block_);
  } else {
    step_ = std::max<std::uint64_t>(block_bytes / grid_.token_bytes, 1);
    count_ = grid_.planes * ceil_div(grid_.tokens, step_);
  }
}

BlockPart BlockSplit::operator[](std::uint64_t index) const noexcept {
  BlockPart part;
  part.slice.shape = shape_;
  if (grid_.planes == 0) {
    part.slice.byte_offset = index * step_;
    part.size = std::min(size_ - part.slice.byte_offset, step_);
    return part;
  }
  if (planes_per_block_ > 0) {
    part.slice.first_plane = index * planes_per_block_;
    part.slice.plane_count = std::min(planes_per_block_, grid_.planes - part.slice.first_plane);
    part.slice.token_count = grid_.tokens;
  } else {
    const std::uint64_t per_plane = ceil_div(grid_.tokens, step_);
    part.slice.first_plane = index / per_plane;
    part.slice.plane_count = 1;
    part.slice.first_token = index % per_plane * step_;
    part.slice.token_count = std::min(step_, grid_.tokens - part.slice.first_token);
  }
  part.slice.byte_offset = (part.slice.first_plane * grid_.tokens + part.slice.first_token) * grid_.token_bytes;
  part.size = part.slice.plane_count * part.slice.token_count * grid_.token_bytes;
  return part;
}

}  // namespace cinch
