/// `target`: how large an error it takes to get a value so many times smaller.
#pragma once

#include <optional>
#include <span>

#include "plugins/quant/block_encoder.hpp"
#include "plugins/quant/planner.hpp"

namespace cinch::quant {

/// What a host makes of a value beside its plan and encoded blocks.
struct HostFrame {
  std::uint64_t block_bytes;      ///< As `plan` of the plugin gets it.
  std::uint64_t parameter_bytes;  ///< Of their canonical text.
};

/// The smallest error, to about 1 %, that makes the stored value at most a `target`th of `value`; nothing where none
/// does. Encodes the value about ten times.
std::optional<float> error_for_target(const Parameters& parameters, const Geometry& geometry, Planner& planner,
                                      BlockEncoder& encoder, std::span<const std::uint8_t> value, HostFrame frame);

}  // namespace cinch::quant
