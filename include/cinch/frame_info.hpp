/// `FrameInfo`: what the header of a stored value tells, readable without its codec. See engine/FORMAT.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cinch/codec.hpp"
#include "cinch/tensor.hpp"

namespace cinch {

/// How far decoded values are from what was set. Relative errors are relative RMS: 0.1 is ten per cent. For a value
/// that lost something more than once these are upper bounds.
struct LossReport {
  float relative_error = 0;  ///< Of the whole value; infinite if all of it was 0 and no longer is.
  float worst_row = 0;       ///< Of the worst token of one head.
  float max_abs = 0;         ///< Largest absolute difference of an element.
  bool operator==(const LossReport&) const = default;
};

struct FrameInfo {
  FormatId format;                  ///< The codec it was set with.
  bool stored_raw = false;          ///< Nothing is encoded, as it did not pay; reading needs no codec.
  std::uint64_t decoded_bytes = 0;  ///< The value's length.
  std::uint64_t stored_bytes = 0;   ///< The frame's length.
  std::uint64_t block_bytes = 0;    ///< The requested decoded length of blocks; 0: one block.
  std::optional<TensorShape> shape;
  std::string annotation;  ///< `k=v` text of the codec, such as the rotary base it found.
  std::optional<LossReport> loss;
  bool lossy_origin = false;       ///< A lossy codec has changed the value, perhaps before this one.
  std::int64_t expires_at_ms = 0;  ///< From its store: milliseconds since the Unix epoch; 0: never.

  /// The format that reading it needs: "raw" when nothing is encoded, else the format's name.
  std::string_view effective_format() const noexcept { return stored_raw ? std::string_view("raw") : format.name; }
};

}  // namespace cinch
