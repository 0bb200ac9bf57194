/// Finds out from a sample of a value's rows how to predict and code it.
#pragma once

#include <cstdint>
#include <span>

#include "plugins/quant/kernels.hpp"
#include "plugins/quant/plan.hpp"

namespace cinch::quant {

/// Deterministic: all kernels make the same plan.
PlanParts make_plan(const Parameters& parameters, const Geometry& geometry, const Kernels& kernels,
                    std::span<const std::uint8_t> value, float error);

}  // namespace cinch::quant
