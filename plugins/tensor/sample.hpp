/// Tokens of a plane, from all over it, as the encoder looks at them to choose a model.
#pragma once

#include <cstddef>
#include <cstdint>

#include "plugins/tensor/aligned.hpp"
#include "plugins/tensor/geometry.hpp"
#include "plugins/tensor/kernels.hpp"

namespace cinch::tensor {

/// Reused from plane to plane: a sample of wide tokens is so large that malloc would map new pages for each.
struct Sample {
  /// From a plane of the geometry. A value without tokens is sampled in pieces of 64 elements, as if they were tokens.
  void take(const Geometry&, const Kernels&, const std::uint8_t* plane);

  const float* row(std::size_t i) const { return &values[i * channels]; }
  /// Keeps the first of equal rows. `token` must not be called afterwards.
  void drop_repeated();

  /// A token in the `i`th stretch of `stride`, at a different offset in each, so that what comes again every few
  /// tokens, as the ends of a cache's pages do, is neither always nor never sampled.
  std::uint64_t token(std::size_t i) const {
    // Multiples of 2^32 over the golden ratio are spread evenly.
    const auto turn = static_cast<std::uint32_t>(i * 2654435769u);
    return i * stride + (std::uint64_t{turn} * stride >> 32);
  }

  std::size_t channels = 0;
  std::size_t rows = 0;
  std::uint64_t stride = 1;
  Aligned<std::uint16_t> tops;  ///< Below 2 * `top_count`.
  Aligned<float> values;        ///< What is not finite counts as 0.
};

}  // namespace cinch::tensor
