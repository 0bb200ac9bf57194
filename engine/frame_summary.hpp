/// The summary: the start of every frame, checked by itself and bound to its key. FORMAT.md is the specification.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string_view>
#include <vector>

#include "cinch/frame_info.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// `head` of this many bytes holds the summary of nearly every frame.
inline constexpr std::size_t usual_summary_bytes = 512;

/// The fields of a summary as they are stored.
struct FrameSummary {
  FormatId format;
  bool stored_raw = false;
  bool lossy_origin = false;
  std::uint64_t decoded_bytes = 0;
  std::optional<TensorShape> shape;
  std::string annotation;
  std::optional<LossReport> loss;

  /// Whether there is an index. A frame of one block without a plan has its checksums here instead.
  bool indexed = false;
  std::uint64_t block_bytes = 0;  // only if indexed, as are the next three
  std::uint64_t block_count = 1;
  std::uint64_t plan_bytes = 0;
  std::uint64_t index_checksum = 0;
  std::uint32_t stored_checksum = 0;   // only if neither indexed nor stored raw; the low half
  std::uint64_t decoded_checksum = 0;  // only if not indexed

  /// {tag u16, length u16, bytes} each, kept as they are.
  std::vector<std::byte> extras;

  /// Length of the summary itself; set by parsing.
  std::uint64_t summary_bytes = 0;
};

/// Appends the summary, bound to `key`, to `out`.
void write_summary(const FrameSummary& summary, std::string_view key, std::pmr::vector<std::byte>& out);

/// The length of the summary of the frame that starts with `start`. Errors: `corruption` if that is not the start of a
/// frame, or too short to tell.
Result<std::uint64_t> summary_length(ByteView start);

/// Reads and verifies the summary at the start of `frame`; what follows it may be missing.
/// Errors: `corruption`; `incompatible` for a version, flag or extra that this library does not know.
Result<FrameSummary> parse_summary(ByteView frame, std::string_view key);

/// The same, into `out`. Requires: `out` is default-constructed. After a failure it is unspecified.
Status read_summary(ByteView frame, std::string_view key, FrameSummary& out);

/// `corruption` with "frame: MESSAGE".
Status corrupt_frame(std::string message);

/// The public form of a summary; `stored_bytes` is the length of the whole frame.
FrameInfo to_info(FrameSummary summary, std::uint64_t stored_bytes);

}  // namespace cinch
