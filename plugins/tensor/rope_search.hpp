/// Finds out how keys were rotated, by trying the usual bases and both pairings on a sample.
#pragma once

#include <cstdint>
#include <optional>

#include "plugins/tensor/rotation.hpp"
#include "plugins/tensor/sample.hpp"

namespace cinch::tensor {

struct FoundRope {
  Rope rope;
  float bits;  ///< Saved for each value by means that turn, against means that do not.
};

/// The rope that makes the sample most predictable, or none where no rope does. `head_dim` is 0 when it is not known.
std::optional<FoundRope> find_rope(const Sample&, const Kernels&, std::uint64_t head_dim);

}  // namespace cinch::tensor
