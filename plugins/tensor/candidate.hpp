/// Models of a plane, as a sample suggests them.
#pragma once

#include <optional>

#include "plugins/tensor/plan.hpp"
#include "plugins/tensor/sample.hpp"

namespace cinch::tensor {

/// A model of a plane, and what it makes of the sample.
struct Candidate {
  PlaneModel model;
  Histogram histogram{};
  std::optional<Rope> rope;
  Alphabet alphabet;  ///< The best for it alone.
  double bits = 0;    ///< For the plane and its model, the alphabet aside.
};

/// All channels alike, whatever their sign: the steps are put so that the largest common one is the last.
Candidate uniform_candidate(const Sample&, Layout);

/// Each channel by its level and its mean, which turns where there is a rope.
Candidate channel_candidate(const Sample&, const Kernels&, Layout, const std::optional<Rope>&);

}  // namespace cinch::tensor
