/// What the encoder and the decoder of blocks share: what stands around the sections, and the tiles that are coded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "plugins/tensor/block.hpp"

namespace cinch::tensor {

constexpr std::size_t plain_tile = 64 * pair;  // elements that are coded between two checks of the room left

/// What precedes the sections of a block.
struct Head {
  std::uint32_t rans_bytes;
  std::uint32_t extra_bits;
  std::uint32_t escapes;
};

/// The low bytes of the states stand behind the head and the high bytes at the end, so that a decoder may read some way
/// beyond either end of what is between.
constexpr std::size_t before_sections = sizeof(Head) + pair;

/// Hands out the tiles of a segment, and the contexts that they need.
class Tiles {
 public:
  Tiles(const PlanState& plan, const Kernels& kernels, Aligned<std::uint8_t>& contexts)
      : plan_(plan), kernels_(kernels), contexts_(contexts) {
    if (plan.ropes.empty()) return;
    const std::size_t channels = plan.geometry.channels;
    while (tokens_ < rotation_tokens && (tokens_ * channels < predicted_at_once || tokens_ * channels % pair != 0)) {
      tokens_ *= 2;
    }
    contexts_.resize(tokens_ * channels + 2 * pair);
    along_.resize(channels);
    across_.resize(channels);
  }

  /// Elements in a tile of the plane, a multiple of 128.
  std::size_t size(const PlaneState& plane) const {
    return plane.kind == PlaneKind::rotary ? tokens_ * plan_.geometry.channels : plain_tile;
  }

  /// The tile of `elements` elements that starts with `first`, which is a multiple of `size`.
  Tile at(const Segment& segment, std::size_t first, std::size_t elements) {
    const PlaneState& plane = *segment.plane;
    Tile tile{};
    tile.groups = elements / lanes;
    tile.octaves = plane.octaves.data();
    tile.halves = plane.halves.data();
    tile.base_period = plane.period;
    tile.base_phase = first % plane.period;
    if (plane.kind == PlaneKind::rotary) {
      predict(segment, first / plan_.geometry.channels, elements / plan_.geometry.channels);
      std::memset(&contexts_[elements], 0, pair);
      tile.contexts = contexts_.data();
      tile.context_period = contexts_.size() / pair * pair;
    } else {
      tile.contexts = plane.contexts.data();
      tile.context_period = plane.period;
      tile.context_phase = tile.base_phase;
    }
    return tile;
  }

  /// The end of a tile, from element `skipped` of it on, as a tile of its own.
  static Tile rest_of(const Tile& tile, std::size_t skipped, std::size_t elements) {
    Tile rest = tile;
    rest.groups = (elements + lanes - 1) / lanes;
    rest.context_phase = (tile.context_phase + skipped) % tile.context_period;
    rest.base_phase = (tile.base_phase + skipped) % tile.base_period;
    return rest;
  }

 private:
  static constexpr std::size_t predicted_at_once = 8192;  // so that contexts are still in the first cache when used

  void predict(const Segment& segment, std::size_t first, std::size_t tokens) {
    const Rope& rope = plan_.ropes[segment.plane->rope];
    const FineRotation& fine = plan_.rotations[segment.plane->rope];
    turn(segment, first / rotation_tokens * rotation_tokens);
    const std::size_t row = first % rotation_tokens * rope.head_dim;
    kernels_.predict(
        {along_.data(), across_.data(), along_.size(), &fine.cosines[row], &fine.sines[row], rope.head_dim}, tokens,
        contexts_.data());
  }

  /// Turns the means to the token that is the first of a rotation's tile, unless they already are.
  void turn(const Segment& segment, std::size_t first) {
    if (turned_plane_ == segment.plane && turned_to_ == first) return;
    turned_plane_ = segment.plane;
    turned_to_ = first;
    const Rope& rope = plan_.ropes[segment.plane->rope];
    const Means& means = segment.plane->means;
    coarse_rotation(rope, kernels_, segment.first_token + first, cosines_, sines_);
    kernels_.turn(
        {means.along.data(), means.across.data(), along_.size(), cosines_.data(), sines_.data(), rope.head_dim},
        along_.data(), across_.data());
  }

  const PlanState& plan_;
  const Kernels& kernels_;
  Aligned<std::uint8_t>& contexts_;
  std::size_t tokens_ = 1;  // of a rotary tile
  const PlaneState* turned_plane_ = nullptr;
  std::size_t turned_to_ = 0;
  Aligned<std::int16_t> cosines_, sines_, along_, across_;
};

inline std::size_t element_bytes(const PlanState& plan) { return cut_of(plan.geometry.layout).word_bytes; }

/// The bytes of each plane in a block.
inline std::size_t plane_bytes(const PlanState& plan, const stream::SlicePart& part, std::size_t block_bytes) {
  if (!plan.geometry.has_tokens) return block_bytes / element_bytes(plan) * element_bytes(plan);
  return part.tokens * plan.geometry.token_bytes();
}

}  // namespace cinch::tensor
