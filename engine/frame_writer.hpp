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
  bool verify_writes = false;     // decode again and compare
  WorkerPool* workers = nullptr;  // null: the caller's thread alone
  bool lossy_origin = false;      // the value was changed by a lossy codec before; `loss` says how much, if known
  std::optional<LossReport> loss = std::nullopt;
  std::optional<std::uint64_t> bound = std::nullopt;  // the codec's for the whole value, if known already
  /// Memory for the frame and for encoding it, except for large blocks. Must outlive the frame.
  std::pmr::memory_resource* scratch = std::pmr::get_default_resource();
};

/// Scratch on the stack, so that a small value needs no allocation.
class SmallFrameScratch {
 public:
  std::pmr::memory_resource* resource() noexcept { return &resource_; }

 private:
  alignas(64) std::array<std::byte, 8192> room_;
  std::pmr::monotonic_buffer_resource resource_{room_.data(), room_.size()};
};

/// A frame in parts: it owns head and encoded blocks; raw blocks still lie in the value.
class EncodedFrame {
 public:
  explicit EncodedFrame(std::pmr::memory_resource* scratch) : parts_(scratch), head_(scratch) {}
  EncodedFrame(EncodedFrame&&) noexcept = default;
  EncodedFrame& operator=(EncodedFrame&&) =
      delete;  // between different scratches it would copy what `parts_` points to
  ~EncodedFrame() = default;

  /// In order; they live as long as this object and the value that was encoded.
  std::span<const ByteView> parts() const noexcept { return parts_; }
  /// The same for a store: a frame of several blocks that are all packed is one `Value`, which the store may keep.
  ValueParts to_store() const noexcept { return whole_.empty() ? ValueParts(parts()) : ValueParts(whole_); }
  std::uint64_t decoded_bytes() const noexcept { return decoded_bytes_; }
  std::uint64_t stored_bytes() const noexcept { return ValueParts(parts()).size(); }
  bool stored_raw() const noexcept { return stored_raw_; }
  /// Whether the codec made a plan for the value, even if the value was then stored raw.
  bool was_planned() const noexcept { return was_planned_; }
  void note_planned(bool was_planned) noexcept { was_planned_ = was_planned; }

 private:
  friend class FrameWriter;

  std::pmr::vector<ByteView> parts_;
  std::pmr::vector<std::byte> head_;     // summary, index, plan
  std::optional<GuardedBuffer> single_;  // the encoded block, if there is only one
  std::unique_ptr<PackedFrame> packed_;  // the packed blocks, if there are several
  Value whole_;                          // the whole frame, which has taken over the memory of `packed_`; or empty
  std::uint64_t decoded_bytes_ = 0;
  bool stored_raw_ = false;
  bool was_planned_ = false;
};

/// Errors: `invalid_argument` if a value of that shape does not have `bytes` bytes.
Status check_value_bytes(const TensorShape& shape, std::uint64_t bytes);

/// Encodes `value` for `key` with `codec`. `decoders` provide the decoder if the result has to be decoded again: with
/// `verify_writes`, and always for lossy codecs, since a frame's checksums and loss report are of what a reader gets.
/// Errors: `invalid_argument` (shape), `codec_failed`, `codec_misbehaved`, and the registry's for the decoder.
Result<EncodedFrame> encode_frame(ByteView value, std::string_view key, const Codec& codec, const Decoders& decoders,
                                  const EncodeOptions& options);

}  // namespace cinch
