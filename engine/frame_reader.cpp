#include "engine/frame_reader.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/block_split.hpp"
#include "engine/block_work.hpp"
#include "engine/guarded_buffer.hpp"

namespace cinch {
namespace {

Status misbehaved(const Codec& codec, std::string_view how) {
  return {StatusCode::codec_misbehaved, "codec " + codec.format().spec() + ": " + std::string(how)};
}

Status overran(const Codec& codec) { return codec.convict("its decoder wrote outside its buffer"); }

/// Where the block can be decoded to directly: nothing unless its first piece holds all of it.
std::optional<MutableBytes> whole_destination(const BlockEntry& block, const BlockSlice& slice,
                                              std::span<const FrameReader::Piece> pieces, MutableBytes to) {
  const FrameReader::Piece& piece = pieces.front();
  if (piece.offset > slice.byte_offset || piece.offset + piece.size < slice.byte_offset + block.decoded_bytes) {
    return std::nullopt;
  }
  return to.subspan(piece.to + (slice.byte_offset - piece.offset), block.decoded_bytes);
}

/// For `count` of the blocks. None of a single block, nor of short ones, beside which they would take much memory.
std::vector<BlockEdges> edges_of(std::size_t count, std::span<const BlockEntry> blocks) {
  constexpr std::uint64_t min_block_bytes = 4096;
  const bool are_remembered = count > 1 && blocks.front().decoded_bytes >= min_block_bytes;
  return std::vector<BlockEdges>(are_remembered ? count : 0);
}

/// Copies to the pieces what they have in common with a decoded block that starts at byte `start` of the value.
void copy_pieces(ByteView decoded, std::uint64_t start, std::span<const FrameReader::Piece> pieces, MutableBytes to,
                 BlockEdges* edges) {
  for (const FrameReader::Piece& piece : pieces) {
    const std::uint64_t from = std::max(piece.offset, start);
    const std::uint64_t end = std::min(piece.offset + piece.size, start + decoded.size());
    const ByteView bytes = decoded.subspan(from - start, end - from);
    std::byte* const at = to.data() + piece.to + (from - piece.offset);
    std::memcpy(at, bytes.data(), bytes.size());
    if (edges) edges->remember(at, bytes);
  }
}

struct EncodedBlock {
  const BlockSlice& slice;
  ByteView bytes;
  std::uint64_t decoded_checksum;
  bool is_verified;  // the stored bytes are intact, so that any failure is the codec's fault
};

Status decode_block(const Codec& codec, const PlanState* plan, const EncodedBlock& block, MutableBytes to,
                    BlockEdges* edges) {
  if (Status status = codec.decompress(block.slice, plan, block.bytes, to); !status.ok()) {
    if (status.code() != StatusCode::corruption || !block.is_verified) return status;
    return misbehaved(codec, "it refuses a block whose stored bytes verify: " + std::string(status.message()));
  }
  if (edges) edges->remember(to.data(), to);
  if (checksum(to, vectors_beside(codec)) == block.decoded_checksum) return {};
  if (block.is_verified) return misbehaved(codec, "stored bytes verify, decoded ones do not");
  return corrupt_frame("decoded bytes do not verify");
}

}  // namespace

Result<FrameReader> FrameReader::open(Value frame, std::string_view key, std::uint64_t max_value_bytes) {
  Result<FrameReader> reader = FrameReader(std::move(frame));
  Status status = reader->layout_.read(reader->frame_.bytes(), key, max_value_bytes);
  if (!status.ok()) reader = std::move(status);
  return reader;
}

bool FrameReader::wants_check(Verify verify) const noexcept {
  if (verify != Verify::first_read) return verify == Verify::always;
  return !is_resident() || !frame_.owner()->is_verified();
}

/// Call it once the whole frame is verified. `raw_start`: see `ValueOwner::raw_start`.
void FrameReader::remember_verified(std::uint64_t raw_start) const noexcept {
  if (is_resident()) frame_.owner()->set_verified(static_cast<std::uint32_t>(raw_start));
}

/// The value's bytes in the frame, if they are stored raw and contiguously.
std::optional<ByteView> FrameReader::whole_raw() const noexcept {
  if (!summary().stored_raw) return std::nullopt;
  const std::span<const BlockEntry> blocks = layout_.blocks();
  const std::uint64_t start = blocks.front().stored_offset;
  if (blocks.back().stored_offset + blocks.back().stored_bytes - start != summary().decoded_bytes) return std::nullopt;
  return frame_.bytes().subspan(start, summary().decoded_bytes);
}

/// Whether a typed value can be handed out in place: not every store aligns frames to 64 bytes.
bool FrameReader::is_aligned(ByteView raw) const noexcept {
  return !summary().shape || reinterpret_cast<std::uintptr_t>(raw.data()) % typed_block_alignment == 0;
}

Result<Value> FrameReader::decode(const Decoders& decoders, Verify verify, WorkerPool* workers) const {
  const bool check = wants_check(verify);
  if (const std::optional<ByteView> raw = whole_raw(); raw && is_aligned(*raw)) {
    const auto start = static_cast<std::size_t>(raw->data() - frame_.data());
    if (check) {
      if (Status status = layout_.check_stored(frame_.bytes()); !status.ok()) return status;
    }
    if (verify == Verify::first_read) remember_verified(start);  // now, or by an earlier read
    return frame_.part(start, raw->size());
  }
  const Result<CodecRef> codec = find_codec(decoders);
  if (!codec) return codec.error();
  GuardedBuffer buffer(summary().decoded_bytes);
  Status status = fill(buffer.bytes(), codec->get(), check, workers);
  if (!buffer.is_intact()) return overran(**codec);
  if (!status.ok()) return status;
  return std::move(buffer).to_value();
}

Status FrameReader::decode_into(MutableBytes to, const Decoders& decoders, Verify verify, WorkerPool* workers) const {
  const Result<CodecRef> codec = find_codec(decoders);
  if (!codec) return codec.error();
  return fill(to, codec->get(), wants_check(verify), workers);
}

Status FrameReader::decode_pieces(std::span<const Piece> pieces, MutableBytes to, const Decoders& decoders,
                                  Verify verify, WorkerPool* workers) const {
  const Result<CodecRef> codec = find_codec(decoders);
  if (!codec) return codec.error();
  const bool check = wants_check(verify);
  const Result<std::shared_ptr<const PlanState>> plan = open_plan(codec->get(), check);
  if (!plan) return plan.error();
  const BlockSplit split = layout_.split();

  struct Touched {
    std::size_t block;
    std::span<const Piece> pieces;
  };
  std::vector<Touched> touched;
  for (std::size_t i = 0, piece = 0; i < layout_.blocks().size() && piece < pieces.size(); ++i) {
    const std::uint64_t end = split[i].slice.byte_offset + split[i].size;
    const std::size_t first = piece;
    while (piece < pieces.size() && pieces[piece].offset < end) ++piece;
    if (piece > first) touched.push_back({i, pieces.subspan(first, piece - first)});
    // A piece that continues in the next block belongs to that one, too.
    if (piece > first && pieces[piece - 1].offset + pieces[piece - 1].size > end) --piece;
  }
  std::vector<BlockEdges> edges = edges_of(codec->get() ? touched.size() : 0, layout_.blocks());
  Status outcome = for_each_block(touched.size(), workers, [&](std::size_t i) -> Status {
    const BlockEntry& block = layout_.blocks()[touched[i].block];
    const BlockSlice slice = split[touched[i].block].slice;
    BlockEdges* const own_edges = edges.empty() ? nullptr : &edges[i];
    if (const std::optional<MutableBytes> whole = whole_destination(block, slice, touched[i].pieces, to)) {
      return fill_block(block, slice, *whole, own_edges, codec->get(), plan->get(), check);
    }
    ByteView decoded = frame_.bytes().subspan(block.stored_offset, block.stored_bytes);
    std::optional<GuardedBuffer> buffer;
    if (block.is_raw()) {
      if (Status status = check ? layout_.check_stored_block(frame_.bytes(), block, Vectors::wide) : Status();
          !status.ok()) {
        return status;
      }
    } else {
      buffer.emplace(block.decoded_bytes);
      Status status = fill_block(block, slice, buffer->bytes(), nullptr, codec->get(), plan->get(), check);
      if (!buffer->is_intact()) return overran(**codec);
      if (!status.ok()) return status;
      decoded = buffer->bytes();
    }
    copy_pieces(decoded, slice.byte_offset, touched[i].pieces, to, own_edges);
    return {};
  });
  if (!are_intact(edges)) return overran(**codec);
  return outcome;
}

Result<CodecRef> FrameReader::find_codec(const Decoders& decoders) const {
  if (summary().stored_raw) return CodecRef();
  return decoders.find(summary().format);
}

Result<std::shared_ptr<const PlanState>> FrameReader::open_plan(const Codec* codec, bool check) const {
  if (summary().plan_bytes == 0 || !codec) return std::shared_ptr<const PlanState>();
  if (Status status = check ? layout_.check_plan(frame_.bytes()) : Status(); !status.ok()) return status;
  return codec->open_plan(layout_.plan(frame_.bytes()), summary().shape ? &*summary().shape : nullptr);
}

Status FrameReader::fill(MutableBytes to, const Codec* codec, bool check, WorkerPool* workers) const {
  const Result<std::shared_ptr<const PlanState>> plan = open_plan(codec, check);
  if (!plan) return plan.error();
  const BlockSplit split = layout_.split();
  const std::span<const BlockEntry> blocks = layout_.blocks();
  std::vector<BlockEdges> edges = edges_of(codec ? blocks.size() : 0, blocks);
  const auto fill_one = [&](std::size_t i) {
    const BlockSlice slice = split[i].slice;
    return fill_block(blocks[i], slice, to.subspan(slice.byte_offset, blocks[i].decoded_bytes),
                      edges.empty() ? nullptr : &edges[i], codec, plan->get(), check);
  };
  Status status = for_each_block(blocks.size(), workers, fill_one);
  if (!are_intact(edges)) return overran(*codec);
  if (status.ok() && check) remember_verified(0);
  return status;
}

Status FrameReader::fill_block(const BlockEntry& block, const BlockSlice& slice, MutableBytes to, BlockEdges* edges,
                               const Codec* codec, const PlanState* plan, bool check) const {
  const ByteView stored = frame_.bytes().subspan(block.stored_offset, block.stored_bytes);
  if (check) {
    const Vectors vectors = block.is_raw() ? Vectors::wide : vectors_beside(*codec);
    if (Status status = layout_.check_stored_block(frame_.bytes(), block, vectors); !status.ok()) return status;
  }
  if (!block.is_raw()) return decode_block(*codec, plan, {slice, stored, block.decoded_checksum, check}, to, edges);
  if (!to.empty()) std::memcpy(to.data(), stored.data(), to.size());
  if (edges) edges->remember(to.data(), stored);
  return {};
}

}  // namespace cinch
