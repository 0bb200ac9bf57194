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

  /// A frame of one block without a plan has its checksums here, any other an index.
  bool indexed = false;
  std::uint64_t block_bytes = 0;  // indexed only, as are the next three
  std::uint64_t block_count = 1;
  std::uint64_t plan_bytes = 0;
  std::uint64_t index_checksum = 0;
  std::uint32_t stored_checksum = 0;   // not indexed, and not stored raw: the low half
  std::uint64_t decoded_checksum = 0;  // not indexed

  /// Extensions, {tag u16, length u16, bytes} each, kept as they are.
  std::vector<std::byte> extras;

  /// Length of the summary itself; set by parsing.
  std::uint64_t summary_bytes = 0;
};

/// Appends the summary, bound to `key`, to `out`.
void write_summary(const FrameSummary& summary, std::string_view key, std::pmr::vector<std::byte>& out);

/// The length of the summary of a frame that starts with `start`, 5 bytes at least where the frame has them.
/// Errors: `corruption` when that is no frame.
Result<std::uint64_t> summary_length(ByteView start);

/// Reads and verifies the summary at the start of `frame`, which may go on behind it or be cut behind it.
/// Errors: `corruption`; `incompatible` for a version, flag or extension that this library does not know.
Result<FrameSummary> parse_summary(ByteView frame, std::string_view key);

/// The same, into `out`, as it was constructed; after a failure it is unspecified.
Status read_summary(ByteView frame, std::string_view key, FrameSummary& out);

/// `corruption`, of a frame.
Status corrupt_frame(std::string message);

/// What a summary tells the user; `stored_bytes` is the length of the whole frame.
FrameInfo to_info(FrameSummary summary, std::uint64_t stored_bytes);

}  // namespace cinch
