/// Finds out how keys were rotated, by trying the usual bases and both pairings on a sample.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plugins/rotary/detection.hpp"
#include "plugins/tensor/rotation.hpp"
#include "plugins/tensor/sample.hpp"

namespace cinch::tensor {

struct FoundRope {
  Rope rope;
  float bits;  ///< Saved for each value by means that turn, against means that do not.
};

/// Searches one sample after another; see `rotary::Detector`. Threads: one at a time.
class RopeSearch {
 public:
  explicit RopeSearch(const Kernels& kernels);

  /// The rope that makes the sample most predictable, or none if no rope does. `head_dim` is 0 if it is not known.
  std::optional<FoundRope> find(const Sample& sample, std::uint64_t head_dim);

 private:
  rotary::Sample gather_heads(const Sample& sample, std::size_t head_dim);
  void try_ropes(const rotary::Sample& heads, std::size_t rotary_dim, std::optional<FoundRope>& best);

  rotary::Detector detector_;
  // The rows that are searched:
  std::vector<float> rows_;
  std::vector<std::uint64_t> tokens_;
};

}  // namespace cinch::tensor
