/// Decodes frames.
#pragma once

#include <optional>
#include <string_view>

#include "cinch/codec_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "cinch/value.hpp"
#include "engine/frame_layout.hpp"

namespace cinch {

class FrameReader {
 public:
  /// `frame` as it came from a store; nothing of its blocks is read yet. Errors: `FrameLayout::parse`'s.
  static Result<FrameReader> open(Value frame, std::string_view key, std::uint64_t max_value_bytes);

  const FrameSummary& summary() const noexcept { return layout_.summary(); }
  FrameSummary& summary() noexcept { return layout_.summary(); }

  /// All checksums of stored bytes. Errors: `corruption`.
  Status check_stored() const { return layout_.check_stored(frame_.bytes()); }

  /// The value: a view of the frame where nothing is encoded and it lies in one piece, else a buffer of its own.
  /// Errors: `corruption`, `codec_missing`, `codec_failed`, `codec_misbehaved`.
  Result<Value> decode(const CodecRegistry& codecs, Verify verify) const;

  /// The same, into `to`. Requires: `to` has exactly the decoded length.
  Status decode_into(MutableBytes to, const CodecRegistry& codecs, Verify verify) const;

 private:
  FrameReader(Value frame, FrameLayout layout) : frame_(std::move(frame)), layout_(std::move(layout)) {}

  bool wants_check(Verify verify) const noexcept;
  std::optional<ByteView> whole_raw() const noexcept;
  Status fill(MutableBytes to, const Codec* codec, bool check) const;

  Value frame_;
  FrameLayout layout_;
};

}  // namespace cinch
