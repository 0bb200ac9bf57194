/// The kernels of one target.
#pragma once

#include "plugins/quant/block.hpp"
#include "plugins/rotary/detection.hpp"
#include "plugins/rotary/rotation.hpp"
#include "plugins/simd/target.hpp"

namespace cinch::quant {

/// Rows to take statistics from.
struct Sampled {
  const std::uint8_t* const* rows;  ///< Each with all heads.
  std::size_t count;
  std::uint32_t heads;
  const float* inverse_steps;   ///< [count][heads]; 0: leave the row out.
  const std::uint64_t* tokens;  ///< Of every row, in its plane; ascending if means turn.
  const float* tile_waves;      ///< If they do: cosines and sines of the beginning of every tile that has rows.
};

struct Kernels {
  simd::Target target;
  simd::RegisterOrder register_order;

  /// The size of the scratch memory that quantising and decoding `heads` heads of `dim` channels take.
  std::size_t (*scratch_bytes)(std::uint32_t heads, std::uint32_t dim);

  /// Returns false if it would not get smaller than `most`.
  bool (*quantise)(const Block&, Element, const Precision&, const std::uint8_t* from, Quantised& to);
  /// Codes the runs, last first, behind `to`, and the states behind them; null if `room` does not suffice.
  std::uint8_t* (*code)(const Quantised& from, std::uint64_t values, std::uint8_t* to, std::size_t room);
  /// Returns false if the bytes are corrupt. Writes whole rows of the block and nothing else.
  bool (*decode)(const Block&, Element, const Stored& from, std::uint8_t* to);

  /// The sum of the squares of every sampled row of every head: [rows][heads].
  void (*squares)(const Sampled&, std::uint32_t dim, Element, float* squares);
  /// The sampled rows in units of their steps, [rows][heads][dim]. 16 floats behind them are written as well.
  void (*scale_rows)(const Sampled&, std::uint32_t dim, Element, float* to);
  const rotary::DetectionLoops* detection;
  rotary::WaveMaker wave_maker() const { return {detection->waves, register_order}; }
  /// The sums of a head's rows, padded_dim floats: times their cosines and times their sines if its mean turns.
  void (*sum_rows)(const Sampled&, std::uint32_t head, const Head&, std::uint32_t dim, Element, float* cosine_sums,
                   float* sine_sums);
  /// The sums of their distances from the head's mean, in steps.
  void (*sum_distances)(const Sampled&, std::uint32_t head, const Head&, std::uint32_t dim, Element, float* sums);

  /// Compares `rows` rows of `dim` values.
  void (*measure)(const std::uint8_t* original, const std::uint8_t* decoded, std::uint64_t rows, std::uint32_t dim,
                  Element, Loss&);
};

extern const Kernels scalar_kernels, avx2_kernels, avx512_kernels;

/// Requires: `simd::is_available(target)`.
const Kernels& kernels_for(simd::Target target) noexcept;

/// Those of the best target that this machine has.
const Kernels& best_kernels() noexcept;

}  // namespace cinch::quant
