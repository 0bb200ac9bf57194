/// Encodes a value into a frame.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cinch/codec.hpp"
#include "cinch/codec_registry.hpp"
#include "cinch/worker_pool.hpp"
#include "engine/frame_layout.hpp"
#include "engine/guarded_buffer.hpp"

namespace cinch {

struct EncodeOptions {
  const TensorShape* shape = nullptr;
  std::uint64_t block_bytes = 0;  // 0: one block
  bool verify = false;            // decode what was encoded and compare
  WorkerPool* workers = nullptr;  // null: the caller's thread alone
  bool lossy_origin = false;      // the value lost something before it came here, and that much where it is known
  std::optional<LossReport> loss = std::nullopt;
};

/// A frame in pieces: headers of its own, encoded blocks of its own, and raw blocks that still lie in the value.
class EncodedFrame {
 public:
  /// In order; they live as long as this object and the value that was encoded.
  std::span<const ByteView> parts() const noexcept { return parts_; }
  std::uint64_t decoded_bytes() const noexcept { return decoded_bytes_; }
  std::uint64_t stored_bytes() const noexcept { return ValueParts(parts()).size(); }
  bool stored_raw() const noexcept { return stored_raw_; }

 private:
  friend class FrameWriter;

  std::vector<ByteView> parts_;
  std::vector<std::byte> head_;         // summary, index, plan
  std::vector<GuardedBuffer> encoded_;  // what holds the encoded blocks
  std::uint64_t decoded_bytes_ = 0;
  bool stored_raw_ = false;
};

/// `invalid_argument` unless a value of so many bytes has that shape.
Status check_shape(const TensorShape& shape, std::uint64_t bytes);

/// Encodes `value` for `key` with `codec`. `codecs` gives the decoder where the result has to be decoded again: for
/// lossy codecs always, since a frame's checksums and loss report are of what a reader gets.
/// Errors: `invalid_argument` (shape), `codec_failed`, `codec_misbehaved`, and the registry's for the decoder.
Result<EncodedFrame> encode_frame(ByteView value, std::string_view key, const Codec& codec, const CodecRegistry& codecs,
                                  const EncodeOptions& options);

}  // namespace cinch
