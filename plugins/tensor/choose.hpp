/// The encoder's choice: how each plane of a value is best coded, judged by a sample.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "plugins/tensor/plan.hpp"

namespace cinch::tensor {

/// Planes that do not get smaller are raw. The same bytes give the same plan on every machine.
StoredPlan choose_plan(const Geometry&, const Kernels&, std::span<const std::uint8_t> value);

/// The longest plan that `choose_plan` makes for a value of `size` bytes.
std::uint64_t most_plan_bytes(const Geometry&, std::uint64_t size);

/// What is worth telling of a plan, in a few words: `rotary=2,channels=1,rope=halves`.
std::string describe(const StoredPlan&);

}  // namespace cinch::tensor
