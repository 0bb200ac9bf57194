#include "engine/block_split.hpp"

#include <algorithm>

namespace cinch {
namespace {

constexpr std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) noexcept { return a / b + (a % b != 0); }

}  // namespace

BlockSplit::BlockSplit(std::uint64_t size, const TensorShape* shape, std::uint64_t block_bytes) noexcept
    : size_(size), shape_(shape) {
  if (shape && shape->token_axis && size > 0) {
    planes_ = 1;
    for (unsigned i = 0; i < *shape->token_axis; ++i) planes_ *= shape->dims[i];
    tokens_ = shape->dims[*shape->token_axis];
    token_bytes_ = size / (planes_ * tokens_);
  }
  if (block_bytes == 0 || size <= block_bytes) {
    planes_per_block_ = planes_;
    step_ = size;
    return;
  }
  if (planes_ == 0) {
    step_ = std::max<std::uint64_t>(block_bytes / 64 * 64, 64);
    count_ = ceil_div(size, step_);
    return;
  }
  planes_per_block_ = block_bytes / (tokens_ * token_bytes_);
  if (planes_per_block_ > 0) {
    count_ = ceil_div(planes_, planes_per_block_);
  } else {
    step_ = std::max<std::uint64_t>(block_bytes / token_bytes_, 1);
    count_ = planes_ * ceil_div(tokens_, step_);
  }
}

BlockPart BlockSplit::operator[](std::uint64_t index) const noexcept {
  BlockPart part;
  part.slice.shape = shape_;
  if (planes_ == 0) {
    part.slice.byte_offset = index * step_;
    part.size = std::min(size_ - part.slice.byte_offset, step_);
    return part;
  }
  if (planes_per_block_ > 0) {
    part.slice.first_plane = index * planes_per_block_;
    part.slice.plane_count = std::min(planes_per_block_, planes_ - part.slice.first_plane);
    part.slice.token_count = tokens_;
  } else {
    const std::uint64_t per_plane = ceil_div(tokens_, step_);
    part.slice.first_plane = index / per_plane;
    part.slice.plane_count = 1;
    part.slice.first_token = index % per_plane * step_;
    part.slice.token_count = std::min(step_, tokens_ - part.slice.first_token);
  }
  part.slice.byte_offset = (part.slice.first_plane * tokens_ + part.slice.first_token) * token_bytes_;
  part.size = part.slice.plane_count * part.slice.token_count * token_bytes_;
  return part;
}

}  // namespace cinch
