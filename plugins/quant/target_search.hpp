/// `target`: how large an error it takes to get a value so many times smaller.
#pragma once

#include <optional>
#include <span>

#include "plugins/quant/encoder.hpp"
#include "plugins/quant/planner.hpp"

namespace cinch::quant {

/// The smallest error, to about 1 %, that makes the stored value, split into blocks of `block_bytes` (0: one), at most
/// a `target`th of `value`; nothing where none does. Encodes the value about ten times.
std::optional<float> error_for_target(const Parameters& parameters, const Geometry& geometry, Planner& planner,
                                      BlockEncoder& encoder, std::span<const std::uint8_t> value,
                                      std::uint64_t block_bytes);

}  // namespace cinch::quant
