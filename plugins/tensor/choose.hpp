/// The encoder's choice: how each plane of a value is best coded, judged by a sample.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "plugins/tensor/plan.hpp"
#include "plugins/tensor/rope_search.hpp"

namespace cinch::tensor {

/// Chooses for one value after the other. The same bytes give the same plan on every machine, whatever came before.
/// Threads: one at a time.
class PlanChooser {
 public:
  explicit PlanChooser(const Kernels& kernels) : kernels_(kernels), ropes_(kernels) {}

  /// Planes that do not get smaller are raw.
  StoredPlan choose(const Geometry& geometry, std::span<const std::uint8_t> value);

 private:
  const Kernels& kernels_;
  RopeSearch ropes_;
  Sample sample_;
};

/// The longest plan that is chosen for a value of `size` bytes.
std::uint64_t max_plan_bytes(const Geometry&, std::uint64_t size);

/// What is worth telling of a plan, in a few words: `rotary=2,channels=1,rope=halves`.
std::string describe(const StoredPlan&);

}  // namespace cinch::tensor
