/// Finds out how the means of K turn, from a few of a value's rows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plugins/quant/geometry.hpp"
#include "plugins/quant/kernels.hpp"
#include "plugins/quant/plan.hpp"
#include "plugins/rotary/detection.hpp"

namespace cinch::quant {

/// Searches one value after another; see `rotary::Detector`. Threads: one at a time.
class SchemeSearch {
 public:
  /// Keeps both references.
  SchemeSearch(const Parameters& parameters, const Kernels& kernels);

  /// The scheme that the parameters give, or the first that is found to save enough bits; nothing if none does.
  /// Requires: two rows at least; `parameters.check_head(geometry.dim)` passed.
  std::optional<RopeScheme> find(const Geometry& geometry, const Sampled& sampled);

 private:
  rotary::Sample gather_heads(const Geometry& geometry, const Sampled& sampled);
  std::optional<RopeScheme> detect(const rotary::Sample& sample, std::uint16_t rotary_dim);

  const Parameters& parameters_;
  const Kernels& kernels_;
  rotary::Detector detector_;
  // The rows that are searched:
  std::vector<const std::uint8_t*> rows_;
  std::vector<std::uint64_t> tokens_;
  std::vector<float> inverse_steps_, values_;
};

}  // namespace cinch::quant
