#include "engine/frame_reader.hpp"

#include <cstring>

#include "engine/block_split.hpp"
#include "engine/checksum.hpp"
#include "engine/guarded_buffer.hpp"

namespace cinch {
namespace {

Status misbehaved(const Codec& codec, std::string_view how) {
  return {StatusCode::codec_misbehaved, "codec " + codec.format().spec() + ": " + std::string(how)};
}

/// One encoded block. `checked`: its stored bytes verified, so that what is wrong now is the codec's doing.
Status decode_block(const Codec& codec, const PlanState* plan, const BlockSlice& slice, ByteView encoded,
                    MutableBytes to, std::uint64_t decoded_checksum, bool checked) {
  if (Status status = codec.decompress(slice, plan, encoded, to); !status.ok()) {
    if (status.code() != StatusCode::corruption || !checked) return status;
    return misbehaved(codec, "it refuses a block whose stored bytes verify: " + std::string(status.message()));
  }
  if (checksum(to) == decoded_checksum) return {};
  if (checked) return misbehaved(codec, "stored bytes verify, decoded ones do not");
  return {StatusCode::corruption, "frame: decoded bytes do not verify"};
}

}  // namespace

Result<FrameReader> FrameReader::open(Value frame, std::string_view key, std::uint64_t max_value_bytes) {
  Result<FrameLayout> layout = FrameLayout::parse(frame.bytes(), key, max_value_bytes);
  if (!layout) return layout.error();
  return FrameReader(std::move(frame), std::move(*layout));
}

bool FrameReader::wants_check(Verify verify) const noexcept {
  if (verify == Verify::never) return false;
  const ValueOwner* owner = frame_.owner();
  return verify == Verify::always || !owner || !owner->is_resident() || !owner->is_verified();
}

/// The value's bytes in the frame, when they lie there as they are and in one piece.
std::optional<ByteView> FrameReader::whole_raw() const noexcept {
  if (!summary().stored_raw) return std::nullopt;
  const std::span<const BlockEntry> blocks = layout_.blocks();
  const std::uint64_t start = blocks.front().stored_offset;
  if (blocks.back().stored_offset + blocks.back().stored_bytes - start != summary().decoded_bytes) return std::nullopt;
  return frame_.bytes().subspan(start, summary().decoded_bytes);
}

Result<Value> FrameReader::decode(const CodecRegistry& codecs, Verify verify) const {
  const bool check = wants_check(verify);
  std::shared_ptr<const Codec> codec;
  if (const std::optional<ByteView> raw = whole_raw()) {
    if (check) {
      if (Status status = layout_.check_stored(frame_.bytes()); !status.ok()) return status;
      if (frame_.owner()) frame_.owner()->set_verified();
    }
    return frame_.part(static_cast<std::size_t>(raw->data() - frame_.data()), raw->size());
  }
  if (!summary().stored_raw) {
    Result<std::shared_ptr<const Codec>> found = codecs.decoder(summary().format);
    if (!found) return found.error();
    codec = std::move(*found);
  }
  GuardedBuffer buffer(summary().decoded_bytes);
  Status status = fill(buffer.bytes(), codec.get(), check);
  if (!buffer.is_intact()) {
    codec->convict("its decoder wrote outside its buffer");
    return misbehaved(*codec, "its decoder wrote outside its buffer");
  }
  if (!status.ok()) return status;
  return std::move(buffer).to_value();
}

Status FrameReader::decode_into(MutableBytes to, const CodecRegistry& codecs, Verify verify) const {
  std::shared_ptr<const Codec> codec;
  if (!summary().stored_raw) {
    Result<std::shared_ptr<const Codec>> found = codecs.decoder(summary().format);
    if (!found) return found.error();
    codec = std::move(*found);
  }
  return fill(to, codec.get(), wants_check(verify));
}

Status FrameReader::fill(MutableBytes to, const Codec* codec, bool check) const {
  const ByteView frame = frame_.bytes();
  const TensorShape* shape = summary().shape ? &*summary().shape : nullptr;
  std::shared_ptr<const PlanState> plan;
  if (summary().plan_bytes > 0 && codec) {
    if (Status status = layout_.check_plan(frame); check && !status.ok()) return status;
    Result<std::shared_ptr<const PlanState>> opened = codec->open_plan(layout_.plan(frame), shape);
    if (!opened) return opened.error();
    plan = std::move(*opened);
  }
  const BlockSplit split(summary().decoded_bytes, shape, summary().block_bytes);
  for (std::size_t i = 0; i < layout_.blocks().size(); ++i) {
    const BlockEntry& block = layout_.blocks()[i];
    const BlockSlice slice = split[i].slice;
    const ByteView stored = frame.subspan(block.stored_offset, block.stored_bytes);
    const MutableBytes part = to.subspan(slice.byte_offset, block.decoded_bytes);
    if (check) {
      if (Status status = layout_.check_stored_block(frame, block); !status.ok()) return status;
    }
    if (block.is_raw()) {
      if (!part.empty()) std::memcpy(part.data(), stored.data(), part.size());
      continue;
    }
    if (Status status = decode_block(*codec, plan.get(), slice, stored, part, block.decoded_checksum, check);
        !status.ok()) {
      return status;
    }
  }
  if (check && frame_.owner()) frame_.owner()->set_verified();
  return {};
}

}  // namespace cinch
