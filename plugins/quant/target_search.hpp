/// Finds the error that makes a value `target` times smaller.
#pragma once

#include <optional>
#include <span>

#include "plugins/quant/block_encoder.hpp"
#include "plugins/quant/planner.hpp"

namespace cinch::quant {

/// How the host stores a value, as far as it matters for the size.
struct HostFrame {
  std::uint64_t block_bytes;      ///< As `plan` of the plugin gets it.
  std::uint64_t parameter_bytes;  ///< Of their canonical text.
};

/// The smallest error, to about 1 %, that makes the stored value at most a `target`th of `value`; nothing if none
/// does. Encodes the value about ten times.
std::optional<float> error_for_target(const Parameters& parameters, const Geometry& geometry, Planner& planner,
                                      BlockEncoder& encoder, std::span<const std::uint8_t> value, HostFrame frame);

}  // namespace cinch::quant
