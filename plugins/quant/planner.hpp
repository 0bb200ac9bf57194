/// Finds out from a sample of a value's rows how to predict and code it.
#pragma once

#include <cstdint>
#include <span>

#include "plugins/quant/kernels.hpp"
#include "plugins/quant/plan.hpp"
#include "plugins/quant/scheme_search.hpp"

namespace cinch::quant {

/// Plans one value after the other. Deterministic: all kernels make the same plan, whatever was planned before.
/// Threads: one at a time.
class Planner {
 public:
  /// Keeps both references.
  Planner(const Parameters& parameters, const Kernels& kernels)
      : parameters_(parameters), kernels_(kernels), search_(parameters, kernels) {}

  const Kernels& kernels() const noexcept { return kernels_; }

  /// Requires: `parameters.check_head(geometry.dim)` passed.
  PlanParts plan(const Geometry& geometry, std::span<const std::uint8_t> value, float error);

 private:
  const Parameters& parameters_;
  const Kernels& kernels_;
  SchemeSearch search_;
};

}  // namespace cinch::quant
