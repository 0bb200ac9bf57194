#include "engine/frame_writer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>

#include "engine/block_split.hpp"
#include "engine/block_work.hpp"
#include "engine/loss_report.hpp"
#include "engine/per_block.hpp"
#include "engine/raw_codec.hpp"

namespace cinch {
namespace {

constexpr std::array<std::byte, typed_block_alignment> padding{};
constexpr std::size_t max_raw_packed = 16 << 10;  // usually the last block, too short to be worth encoding
constexpr std::size_t max_in_scratch = 5 << 10;   // covers the bounds of codecs for 4 KiB

/// Saving less than 1/64 is not worth decoding at every read and storing a second checksum.
bool pays(std::uint64_t encoded, std::uint64_t decoded) noexcept {
  return encoded + decoded / 64 + sizeof(std::uint32_t) < decoded;
}

/// The format that a frame stored raw names: that of the codec that was tried, or "raw" if its spec is so long that the
/// value would grow by more than 40 bytes.
FormatId tried_format(const FormatId& format, std::uint64_t decoded_bytes) {
  constexpr std::size_t room = 16;  // 24 of the 40 bytes are magic, version, flags, lengths and checksums
  const auto length_bytes = static_cast<std::size_t>(std::bit_width(decoded_bytes | 1) + 6) / 7;
  if (format.name.size() + format.parameters.size() + length_bytes <= room)
    return {format.name, 0, 0, format.parameters};
  return {std::string(raw_format), 0, 0, ""};
}

/// For stored bytes these two are ordinary answers; for bytes that this process has just encoded they convict the
/// codec.
bool is_refusal(const Status& status) noexcept {
  return status.code() == StatusCode::corruption || status.code() == StatusCode::codec_missing;
}

}  // namespace

class FrameWriter {
 public:
  FrameWriter(ByteView value, std::string_view key, const Codec& codec, const EncodeOptions& options, bool is_raw)
      : value_(value),
        key_(key),
        codec_(codec),
        options_(options),
        is_raw_(is_raw),
        vectors_(vectors_beside(codec)),
        split_(value.size(), options.shape, options.block_bytes),
        blocks_(split_.count()),
        encoded_(split_.count()),
        frame_(options.scratch) {}

  Result<EncodedFrame> run(const Decoders& decoders) {
    if (options_.verify_writes || codec_.traits().lossy) {
      Result<CodecRef> decoder = decoders.find(codec_.format());
      if (!decoder) return decoder.error();
      decoder_ = std::move(*decoder);
    }
    if (Status status = make_plan(); !status.ok()) return status;
    // Raw values only need checksums: computing them takes less time than moving the bytes to another core.
    WorkerPool* const workers = is_raw_ ? nullptr : options_.workers;
    Status status = for_each_block(blocks_.size(), workers, [&](std::size_t i) {
      Status encoded = encode_block(split_[i], blocks_[i], encoded_[i]);
      if (encoded.ok() && !is_single()) pack(i);
      return encoded;
    });
    if (!status.ok()) return status;
    frame_.stored_raw_ = std::ranges::all_of(blocks_.all(), &BlockEntry::is_raw);
    for (const EncodedBlock& block : encoded_.all()) loss_.merge(block.loss);
    write_head();
    if (frame_.packed_) frame_.packed_->shrink();
    list_parts();
    if (is_single()) frame_.single_ = std::move(encoded_[0].buffer);
    const bool is_all_packed = frame_.packed_ && std::ranges::all_of(encoded_.all(), &EncodedBlock::is_packed);
    if (is_all_packed) frame_.whole_ = frame_.packed_->take_with_head(frame_.head_);
    frame_.decoded_bytes_ = value_.size();
    return std::move(frame_);
  }

 private:
  struct EncodedBlock {
    std::optional<GuardedBuffer> buffer;  // none if the block is raw or packed
    ByteView bytes;
    LossSums loss;
    bool is_done = false;    // by pack_mutex_
    bool is_packed = false;  // by pack_mutex_
  };

  Status make_plan() {
    if (is_raw_) return {};
    Result<std::optional<Plan>> plan = codec_.plan(value_, options_.shape, options_.block_bytes);
    if (!plan) return plan.error();
    if (!*plan) return {};
    plan_ = std::move(**plan);
    frame_.was_planned_ = true;
    if (Status status = open_plan(codec_, plan_state_); !status.ok()) return status;
    decoder_plan_ = plan_state_;
    if (!decoder_.get() || decoder_.get() == &codec_) return {};
    return open_plan(*decoder_, decoder_plan_);
  }

  Status open_plan(const Codec& codec, std::shared_ptr<const PlanState>& out) const {
    Result<std::shared_ptr<const PlanState>> state = codec.open_plan(plan_.bytes, options_.shape);
    if (is_refusal(state.status())) {
      return codec_.convict("its decoder refuses the plan just made: " + std::string(state.status().message()));
    }
    if (state) out = std::move(*state);
    return state.status();
  }

  bool is_single() const noexcept { return blocks_.size() == 1 && plan_.bytes.empty(); }

  Status encode_block(const BlockPart& part, BlockEntry& entry, EncodedBlock& out) {
    const ByteView block = value_.subspan(part.slice.byte_offset, part.size);
    entry.decoded_bytes = part.size;
    entry.stored_bytes = part.size;
    std::optional<std::size_t> encoded;
    if (!is_raw_) {
      const bool is_known = options_.bound && block.size() == value_.size();
      const Result<std::size_t> bound = is_known ? *options_.bound : codec_.bound(block.size(), options_.shape);
      if (!bound) return bound.error();
      if (*bound <= max_in_scratch && is_single()) {
        out.buffer.emplace(*bound, *options_.scratch);
      } else {
        out.buffer.emplace(*bound);
      }
      Result<std::optional<std::size_t>> result =
          codec_.compress_to_bound(part.slice, plan_state_.get(), block, out.buffer->bytes());
      if (!out.buffer->is_intact()) return codec_.convict("its encoder wrote outside its buffer");
      if (!result) return result.error();
      encoded = *result;
    }
    if (!encoded || !pays(*encoded, block.size())) {
      entry.stored_checksum = entry.decoded_checksum = checksum(block, Vectors::wide);
      out.buffer.reset();
      return measure(part.slice, block, block, out.loss);
    }
    out.bytes = out.buffer->bytes().first(*encoded);
    entry.stored_bytes = *encoded;
    entry.stored_checksum = checksum(out.bytes, vectors_);
    if (decoder_.get()) return decode_again(part.slice, block, entry, out);
    entry.decoded_checksum = checksum(block, vectors_);
    return {};
  }

  /// Moves encoded blocks, in order and as soon as those before them are done, out of their buffers, which are as long
  /// as the worst case.
  void pack(std::size_t index) {
    const std::lock_guard lock(pack_mutex_);
    encoded_[index].is_done = true;
    for (; next_block_ < encoded_.size() && encoded_[next_block_].is_done; ++next_block_) {
      EncodedBlock& next = encoded_[next_block_];
      const std::uint64_t done = next_offset_ + blocks_[next_block_].decoded_bytes;
      if (next.buffer) {
        if (!frame_.packed_) {
          const bool has_plan = !plan_.bytes.empty();
          frame_.packed_ = std::make_unique<PackedFrame>(usual_summary_bytes + index_bytes(blocks_.size(), has_plan) +
                                                         plan_.bytes.size());
        }
        frame_.packed_->append(next.bytes, done, value_.size());
        next.buffer.reset();
        next.is_packed = true;
      } else if (frame_.packed_ && !options_.shape && blocks_[next_block_].decoded_bytes <= max_raw_packed) {
        frame_.packed_->append(value_.subspan(next_offset_, blocks_[next_block_].decoded_bytes), done, value_.size());
        next.is_packed = true;
      }
      next_offset_ = done;
    }
  }

  /// Measures what a lossy codec changed.
  Status measure(const BlockSlice& slice, ByteView original, ByteView decoded, LossSums& out) const {
    if (is_raw_ || !codec_.traits().lossy) return {};
    Result<LossSums> lost = codec_.measure(slice, original, decoded);
    if (lost) out = *lost;
    return lost.status();
  }

  Status decode_again(const BlockSlice& slice, ByteView block, BlockEntry& entry, EncodedBlock& out) {
    GuardedBuffer decoded(block.size());
    Status status = decoder_->decompress(slice, decoder_plan_.get(), out.bytes, decoded.bytes());
    if (!decoded.is_intact()) return decoder_->convict("its decoder wrote outside its buffer");
    if (is_refusal(status)) {
      return codec_.convict("its decoder refuses what was just encoded: " + std::string(status.message()));
    }
    if (!status.ok()) return status.in("decoding what was just encoded");
    if (!codec_.traits().lossy && !std::ranges::equal(decoded.bytes(), block)) {
      return codec_.convict("what it has just encoded decodes to other bytes");
    }
    entry.decoded_checksum = checksum(decoded.bytes(), vectors_);
    return measure(slice, block, decoded.bytes(), out.loss);
  }

  void write_head() {
    if (frame_.stored_raw_) plan_ = {};  // no encoded block needs it
    FrameSummary summary;
    summary.format = frame_.stored_raw_ ? tried_format(codec_.format(), value_.size()) : codec_.format();
    summary.stored_raw = frame_.stored_raw_;
    summary.decoded_bytes = value_.size();
    if (options_.shape) summary.shape = *options_.shape;
    summary.annotation = plan_.annotation;
    if (codec_.traits().lossy && !frame_.stored_raw_) {
      summary.lossy_origin = true;
      summary.loss = report_of(loss_);
      if (options_.lossy_origin) summary.loss = options_.loss ? combined(*options_.loss, *summary.loss) : options_.loss;
    } else {
      summary.lossy_origin = options_.lossy_origin;
      summary.loss = options_.loss;
    }
    std::pmr::vector<std::byte> index(options_.scratch);
    if (!is_single()) {
      write_index(blocks_.all(), plan_.bytes, index);
      summary.indexed = true;
      summary.block_bytes = options_.block_bytes;
      summary.block_count = blocks_.size();
      summary.plan_bytes = plan_.bytes.size();
      summary.index_checksum = checksum(index);
    } else {
      summary.stored_checksum = static_cast<std::uint32_t>(blocks_[0].stored_checksum);
      summary.decoded_checksum = blocks_[0].decoded_checksum;
    }
    write_summary(summary, key_, frame_.head_);
    frame_.head_.insert(frame_.head_.end(), index.begin(), index.end());
    frame_.head_.insert(frame_.head_.end(), plan_.bytes.begin(), plan_.bytes.end());
  }

  void list_parts() {
    std::uint64_t offset = frame_.head_.size();
    std::uint64_t value_offset = 0;
    std::uint64_t packed_offset = 0;
    frame_.parts_.reserve(1 + 2 * blocks_.size());
    frame_.parts_.push_back(frame_.head_);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const BlockEntry& block = blocks_[i];
      const std::uint64_t start = block_start(offset, block.is_raw(), options_.shape != nullptr);
      if (start > offset) frame_.parts_.push_back(ByteView(padding).first(start - offset));
      ByteView bytes = encoded_[i].bytes;
      if (encoded_[i].is_packed) {
        bytes = frame_.packed_->blocks().subspan(packed_offset, block.stored_bytes);
        packed_offset += block.stored_bytes;
      } else if (block.is_raw()) {
        bytes = value_.subspan(value_offset, block.decoded_bytes);
      }
      if (i > 0 && encoded_[i].is_packed == encoded_[i - 1].is_packed && start == offset) {
        ByteView& last = frame_.parts_.back();  // one part: stores copy it faster than several
        last = {last.data(), last.size() + bytes.size()};
      } else {
        frame_.parts_.push_back(bytes);
      }
      value_offset += block.decoded_bytes;
      offset = start + block.stored_bytes;
    }
  }

  ByteView value_;
  std::string_view key_;
  const Codec& codec_;
  const EncodeOptions& options_;
  const bool is_raw_;  // encode nothing
  const Vectors vectors_;
  BlockSplit split_;
  CodecRef decoder_;  // decodes again what was encoded; null: not wanted
  Plan plan_;
  std::shared_ptr<const PlanState> plan_state_;
  std::shared_ptr<const PlanState> decoder_plan_;
  PerBlock<BlockEntry> blocks_;
  PerBlock<EncodedBlock> encoded_;
  std::mutex pack_mutex_;
  std::size_t next_block_ = 0;     // by pack_mutex_: those before are packed, or raw
  std::uint64_t next_offset_ = 0;  // by pack_mutex_: its offset in the value
  LossSums loss_;
  EncodedFrame frame_;  // its packed blocks by pack_mutex_ while workers run
};

Status check_value_bytes(const TensorShape& shape, std::uint64_t bytes) {
  const Result<std::uint64_t> expected = tensor_bytes(shape);
  if (!expected) return expected.error();
  if (*expected == bytes) return {};
  return {StatusCode::invalid_argument, "the value has " + std::to_string(bytes) + " bytes, expected " +
                                            std::to_string(*expected) + " for a tensor " + to_string(shape)};
}

Result<EncodedFrame> encode_frame(ByteView value, std::string_view key, const Codec& codec, const Decoders& decoders,
                                  const EncodeOptions& options) {
  if (options.shape) {
    if (Status status = check_value_bytes(*options.shape, value.size()); !status.ok()) return status;
  }
  const bool is_raw = value.empty() || codec.format().name == raw_format;
  Result<EncodedFrame> frame = FrameWriter(value, key, codec, options, is_raw).run(decoders);
  if (!frame || frame->stored_raw() || frame->stored_bytes() < value.size()) return frame;
  // Index and plan take more than the blocks saved.
  Result<EncodedFrame> raw = FrameWriter(value, key, codec, options, true).run(decoders);
  if (raw) raw->note_planned(frame->was_planned());
  return raw;
}

}  // namespace cinch
