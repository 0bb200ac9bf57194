/// Finds out how keys were rotated, by trying the usual bases and both pairings on a sample.
#pragma once

#include <optional>
#include <vector>

#include "plugins/tensor/rotation.hpp"
#include "plugins/tensor/sample.hpp"

namespace cinch::tensor {

/// Cosines and sines of the pairs of a rope at the tokens of a sample, row by row, by adding angles.
class SampleAngles {
 public:
  SampleAngles(const std::vector<std::uint32_t>& frequencies, std::uint64_t first_token, std::uint64_t stride);

  void next();
  const float* cosines() const { return cosines_.data(); }
  const float* sines() const { return sines_.data(); }

 private:
  std::vector<float> cosines_, sines_, step_cosines_, step_sines_;
};

/// The rope that makes the sample most predictable, or none where no rope does. `head_dim` is 0 when it is not known.
std::optional<Rope> find_rope(const Sample&, std::uint64_t head_dim);

}  // namespace cinch::tensor
