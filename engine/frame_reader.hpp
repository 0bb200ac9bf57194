/// Decodes frames.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "cinch/compressed_kv_store.hpp"
#include "cinch/value.hpp"
#include "cinch/worker_pool.hpp"
#include "engine/block_edges.hpp"
#include "engine/decoders.hpp"
#include "engine/frame_layout.hpp"

namespace cinch {

class FrameReader {
 public:
  /// Takes a frame as a store returned it; its blocks are not read yet. Errors: `FrameLayout::read`'s.
  static Result<FrameReader> open(Value frame, std::string_view key, std::uint64_t max_value_bytes);

  const FrameSummary& summary() const noexcept { return layout_.summary(); }

  /// Verifies all checksums of stored bytes. Errors: `corruption`.
  Status check_stored() const { return layout_.check_stored(frame_.bytes()); }

  /// The value: a view of the frame if it is stored raw, contiguous and aligned, else a buffer of its own, whose blocks
  /// `workers`, if given, help to decode. Errors: `corruption`, `codec_missing`, `codec_failed`, `codec_misbehaved`.
  Result<Value> decode(const Decoders& decoders, Verify verify, WorkerPool* workers = nullptr) const;

  /// The same, into `to`. Requires: `to` has exactly the decoded length.
  Status decode_into(MutableBytes to, const Decoders& decoders, Verify verify, WorkerPool* workers = nullptr) const;

  /// A part of the value.
  struct Piece {
    std::uint64_t offset;
    std::uint64_t size;
    std::uint64_t to;  // its offset in the destination
  };

  /// Decodes the blocks that hold the pieces, each once, and copies the pieces to `to`. Requires: pieces are in the
  /// order of their offsets, do not overlap, lie within the value, and their places within `to`.
  Status decode_pieces(std::span<const Piece> pieces, MutableBytes to, const Decoders& decoders, Verify verify,
                       WorkerPool* workers = nullptr) const;

 private:
  explicit FrameReader(Value frame) noexcept : frame_(std::move(frame)) {}

  Result<CodecRef> find_codec(const Decoders& decoders) const;
  Result<std::shared_ptr<const PlanState>> open_plan(const Codec* codec, bool check) const;
  bool is_resident() const noexcept { return frame_.owner() && !frame_.is_part() && frame_.owner()->is_resident(); }
  bool wants_check(Verify verify) const noexcept;
  void remember_verified(std::uint64_t raw_start) const noexcept;
  std::optional<ByteView> whole_raw() const noexcept;
  bool is_aligned(ByteView raw) const noexcept;
  Status fill_block(const BlockEntry& block, const BlockSlice& slice, MutableBytes to, BlockEdges* edges,
                    const Codec* codec, const PlanState* plan, bool check) const;
  Status fill(MutableBytes to, const Codec* codec, bool check, WorkerPool* workers) const;

  Value frame_;
  FrameLayout layout_;
};

}  // namespace cinch
