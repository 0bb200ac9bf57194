/// Decodes blocks by the kernels that a plan is for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plugins/quant/buffer.hpp"
#include "plugins/quant/plan.hpp"

namespace cinch::quant {

/// Keeps its buffers from one block to the next. Threads: one call at a time.
class BlockDecoder {
 public:
  /// Throws `Failure` (CORRUPT). Requires: `to` has the part's size.
  void decode(const Plan& plan, const stream::SlicePart& part, std::span<const std::uint8_t> from,
              std::span<std::uint8_t> to);

 private:
  std::vector<const Head*> plane_heads_;
  Buffer scratch_;
};

}  // namespace cinch::quant
