/// What all blocks of a value share: how each head is predicted, which classes its channels have.
///
/// What: a planner makes `PlanParts`, which `write` stores; `Plan` is made of the stored bytes, checks them, and has
/// the form that kernels take. Threads: immutable. See README.md for the bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "plugins/quant/geometry.hpp"
#include "plugins/quant/kernels.hpp"
#include "plugins/quant/parameters.hpp"
#include "plugins/rotary/rotation.hpp"
#include "plugins/stream/slice_part.hpp"
#include "plugins/stream/stored_bytes.hpp"

namespace cinch::quant {

/// A way that means turn.
struct RopeScheme {
  rotary::Pairing pairing = rotary::Pairing::none;
  double base = 0;  ///< 0: the inverse frequencies of the parameters.
  std::uint16_t rotary_dim = 0;

  std::vector<rotary::Turn> turns(const Parameters& parameters) const;
  bool operator==(const RopeScheme&) const = default;
};

/// Kinds of a head's mean; `first_turning_mean` + i turns as scheme i does.
inline constexpr std::uint8_t no_mean = 0, still_mean = 1, first_turning_mean = 2;
inline constexpr std::size_t max_schemes = 32;

struct HeadParts {
  std::uint8_t mean_kind = no_mean;
  std::int16_t step_code = 0;
  std::uint8_t step_class = 0;
  std::vector<std::uint16_t> mean;  ///< bf16; empty without one.
  std::vector<Chunk> chunks;
};

struct PlanParts {
  float error = 0;
  float first_error = 0;
  std::uint32_t planes_per_profile = 1;  ///< How many successive planes share the properties of their heads.
  std::vector<RopeScheme> schemes;
  std::vector<HeadParts> heads;  ///< Of all profiles.

  void write(std::vector<std::uint8_t>& out) const;
};

/// Rearranges `count` floats, a multiple of 16, as registers of that order hold them.
void put_as_held(const simd::RegisterOrder& order, float* floats, std::size_t count);

/// Makes a head's mean turn, with what `Rotation::partner_of` gives in `partner`. Both have to outlive the head.
void turn(const rotary::Rotation& rotation, const float* partner, Head& head);

/// The largest size of a plan.
std::uint64_t plan_bound(const Geometry& geometry);

class Plan {
 public:
  /// Only `kernels` can work with its heads. Throws `Failure` (CORRUPT).
  Plan(const Parameters& parameters, const Geometry& geometry, std::span<const std::uint8_t> stored,
       const Kernels& kernels);

  const Kernels& kernels() const noexcept { return kernels_; }
  const Geometry& geometry() const noexcept { return geometry_; }
  float error() const noexcept { return error_; }
  float first_error() const noexcept { return first_error_; }
  /// A part of the value as kernels take it. `plane_heads` is overwritten; the block points into it.
  Block block(const stream::SlicePart& part, std::vector<const Head*>& plane_heads) const;

 private:
  const Head* heads_of(std::uint64_t plane) const noexcept {
    return &heads_[plane / planes_per_profile_ * geometry_.heads];
  }
  void read_scheme(stream::ByteReader& reader, const Parameters& parameters);
  void read_head(stream::ByteReader& reader, Head& head, float* means, Chunk* chunks);
  void read_mean(stream::ByteReader& reader, std::uint8_t kind, Head& head, float* means);
  static void read_chunk(stream::ByteReader& reader, std::uint32_t channels, Chunk& chunk);

  const Kernels& kernels_;
  Geometry geometry_;
  float error_ = 0;
  float first_error_ = 0;
  std::uint32_t planes_per_profile_ = 1;
  std::vector<rotary::Rotation> rotations_;
  std::vector<Head> heads_;
  std::vector<float> means_;
  std::vector<Chunk> chunks_;
};

}  // namespace cinch::quant
