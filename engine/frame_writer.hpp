/// Encodes a value into a frame.
#pragma once

#include <array>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cinch/codec.hpp"
#include "cinch/worker_pool.hpp"
#include "engine/decoders.hpp"
#include "engine/frame_layout.hpp"
#include "engine/guarded_buffer.hpp"
#include "engine/packed_frame.hpp"

namespace cinch {

struct EncodeOptions {
  const TensorShape* shape = nullptr;
  std::uint64_t block_bytes = 0;  // 0: one block
  bool verify_writes = false;     // decode what was encoded and compare
  WorkerPool* workers = nullptr;  // null: the caller's thread alone
  bool lossy_origin = false;      // the value lost something before it came here, and that much where it is known
  std::optional<LossReport> loss = std::nullopt;
  std::optional<std::uint64_t> bound = std::nullopt;  // the codec's for the whole value, where it was asked already
  /// Where the frame and what encodes it take their memory but for large blocks; it outlives the frame.
  std::pmr::memory_resource* scratch = std::pmr::get_default_resource();
};

/// Scratch on the stack that spares a small value every allocation.
class SmallFrameScratch {
 public:
  std::pmr::memory_resource* resource() noexcept { return &resource_; }

 private:
  alignas(64) std::array<std::byte, 8192> room_;
  std::pmr::monotonic_buffer_resource resource_{room_.data(), room_.size()};
};

/// A frame in pieces: headers of its own, encoded blocks of its own, and raw blocks that still lie in the value.
class EncodedFrame {
 public:
  explicit EncodedFrame(std::pmr::memory_resource* scratch) : parts_(scratch), head_(scratch) {}
  EncodedFrame(EncodedFrame&&) noexcept = default;
  EncodedFrame& operator=(EncodedFrame&&) = delete;  // between two scratches it would copy what `parts_` shows
  ~EncodedFrame() = default;

  /// In order; they live as long as this object and the value that was encoded.
  std::span<const ByteView> parts() const noexcept { return parts_; }
  /// The same for a store to take: a frame of several blocks that are all encoded lies in one piece, which it may keep.
  ValueParts to_store() const noexcept { return whole_.empty() ? ValueParts(parts()) : ValueParts(whole_); }
  std::uint64_t decoded_bytes() const noexcept { return decoded_bytes_; }
  std::uint64_t stored_bytes() const noexcept { return ValueParts(parts()).size(); }
  bool stored_raw() const noexcept { return stored_raw_; }
  /// Whether the codec made a plan for the value, even one that came to nothing.
  bool was_planned() const noexcept { return was_planned_; }
  void note_planned(bool was_planned) noexcept { was_planned_ = was_planned; }

 private:
  friend class FrameWriter;

  std::pmr::vector<ByteView> parts_;
  std::pmr::vector<std::byte> head_;     // summary, index, plan
  std::optional<GuardedBuffer> single_;  // what holds the encoded block, when there is one
  std::unique_ptr<PackedFrame> packed_;  // what holds encoded blocks, when there are several
  Value whole_;                          // all of the frame, which has taken over what `packed_` held; or empty
  std::uint64_t decoded_bytes_ = 0;
  bool stored_raw_ = false;
  bool was_planned_ = false;
};

/// `invalid_argument` unless a value of so many bytes has that shape.
Status check_value_bytes(const TensorShape& shape, std::uint64_t bytes);

/// Encodes `value` for `key` with `codec`. `decoders` give the one where the result has to be decoded again: for
/// lossy codecs always, since a frame's checksums and loss report are of what a reader gets.
/// Errors: `invalid_argument` (shape), `codec_failed`, `codec_misbehaved`, and the registry's for the decoder.
Result<EncodedFrame> encode_frame(ByteView value, std::string_view key, const Codec& codec, const Decoders& decoders,
                                  const EncodeOptions& options);

}  // namespace cinch
