/// Blocks to bytes and back, by the kernels that a plan is for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "plugins/quant/kernels.hpp"
#include "plugins/quant/plan.hpp"
#include "plugins/stream/slice_part.hpp"

namespace cinch::quant {

/// Memory that only grows, aligned to 64 bytes, not initialised.
class Buffer {
 public:
  std::uint8_t* room(std::size_t bytes);

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const;
  };
  std::unique_ptr<std::uint8_t, Free> bytes_;
  std::size_t size_ = 0;
};

/// Room for an encoding beyond the length of its block: a head, the coder's states, and what it may write behind them.
inline constexpr std::size_t encoder_slack = 512;

/// One call at a time.
class BlockEncoder {
 public:
  /// The length of the encoding, or nothing where it does not fit. Requires: the block has the part's size.
  std::optional<std::size_t> encode(const Plan& plan, const Parameters& parameters, const stream::SlicePart& part,
                                    std::span<const std::uint8_t> from, std::span<std::uint8_t> to);

 private:
  void make_room(const Block& block, const Plan& plan, std::size_t most);

  std::vector<const Head*> plane_heads_;
  Buffer symbols_, runs_, escapes_, wides_, raws_, lows_, scratch_;
  Quantised quantised_{};
};

/// One call at a time.
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
