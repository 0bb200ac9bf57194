/// Encodes blocks by the kernels that a plan is for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "plugins/quant/buffer.hpp"
#include "plugins/quant/plan.hpp"

namespace cinch::quant {

/// Room for an encoding beyond the length of its block: a head, the coder's states, and what it may write behind them.
inline constexpr std::size_t encoder_slack = 512;

/// Keeps its buffers from one block to the next. Threads: one call at a time.
class BlockEncoder {
 public:
  /// The length of the encoding, or nothing if it does not fit. Requires: the block has the part's size.
  std::optional<std::size_t> encode(const Plan& plan, const Parameters& parameters, const stream::SlicePart& part,
                                    std::span<const std::uint8_t> from, std::span<std::uint8_t> to);

 private:
  void make_room(const Block& block, const Plan& plan, std::size_t most);

  std::vector<const Head*> plane_heads_;
  Buffer symbols_, runs_, escapes_, wides_, raws_, lows_, scratch_;
  Quantised quantised_{};
};

}  // namespace cinch::quant
