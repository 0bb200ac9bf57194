// The reader of frames. The checksums of a frame would stop nearly every input, so they are made right: an input is
// either a frame whose summary checksum is mended, or the fields of a summary, with what follows it.
#include "cinch/codec_registry.hpp"
#include "engine/checksum.hpp"
#include "engine/frame_reader.hpp"
#include "tests/fuzz/fuzz_input.hpp"

namespace cinch {
namespace {

using fuzz::Input;
using Bytes = std::vector<std::byte>;

constexpr std::string_view key = "k";
constexpr std::uint64_t limit = 1 << 16;

Bytes mended(ByteView bytes) {
  Bytes frame = fuzz::exact(bytes);
  const Result<std::uint64_t> length = summary_length(frame);
  if (!length || *length > frame.size() || *length < 8) return frame;
  const std::uint64_t sum = checksum_for_key(ByteView(frame).first(*length - 8), key);
  std::memcpy(frame.data() + *length - 8, &sum, sizeof sum);
  return frame;
}

std::optional<TensorShape> shape_from(Input& input) {
  TensorShape shape;
  shape.dtype = static_cast<Dtype>(input.byte());
  shape.ndim = static_cast<std::uint8_t>(input.byte() % (max_tensor_dims + 1));
  if (const std::uint8_t axis = input.byte(); axis < max_tensor_dims) shape.token_axis = axis;
  for (unsigned i = 0; i < shape.ndim; ++i) shape.dims[i] = input.flag() ? input.byte() : input.number<std::uint64_t>();
  return shape;
}

/// Small numbers, mostly, since those lead further.
std::uint64_t length_from(Input& input) {
  return input.flag() ? input.number<std::uint64_t>() : input.number<std::uint16_t>();
}

/// An index over what the rest of the input gives as blocks, with the right checksums.
Bytes with_index(FrameSummary& summary, Input& input) {
  const std::size_t count = input.byte() % 16;
  std::vector<BlockEntry> blocks(count);
  for (BlockEntry& block : blocks) {
    block.decoded_bytes = input.number<std::uint16_t>();
    block.stored_bytes = input.flag() ? block.decoded_bytes : input.number<std::uint16_t>();
  }
  const Bytes plan = fuzz::exact(as_bytes(input.text()));
  const Bytes stored = fuzz::exact(input.rest());
  std::size_t at = 0;
  for (BlockEntry& block : blocks) {
    const std::size_t size = std::min<std::size_t>(block.stored_bytes, stored.size() - at);
    block.stored_checksum = block.decoded_checksum = checksum(ByteView(stored).subspan(at, size));
    at += size;
  }
  std::pmr::vector<std::byte> index;
  write_index(blocks, plan, index);
  summary.block_count = count;
  summary.plan_bytes = plan.size();
  summary.index_checksum = checksum(index);
  index.insert(index.end(), plan.begin(), plan.end());
  index.insert(index.end(), stored.begin(), stored.end());
  return Bytes(index.begin(), index.end());
}

Bytes written(Input& input) {
  FrameSummary summary;
  const char* const names[] = {"raw", "lz4", "zstd", "tensor", "quant", "not.there"};
  summary.format = {names[input.byte() % std::size(names)], input.byte(), input.byte(), std::string(input.text())};
  const std::uint8_t flags = input.byte();
  summary.stored_raw = (flags & 1) != 0;
  summary.lossy_origin = (flags & 2) != 0;
  summary.indexed = (flags & 4) != 0;
  if (flags & 8) summary.shape = shape_from(input);
  if (flags & 16) summary.annotation = input.text();
  if (flags & 32) summary.loss.emplace();
  if (flags & 64) summary.extras = fuzz::exact(as_bytes(input.text()));
  summary.decoded_bytes = length_from(input);
  summary.block_bytes = length_from(input);
  Bytes rest;
  if (summary.indexed) {
    rest = with_index(summary, input);
  } else {
    rest = fuzz::exact(input.rest());
    summary.decoded_checksum = checksum(rest);
    summary.stored_checksum = static_cast<std::uint32_t>(summary.decoded_checksum);
  }
  std::pmr::vector<std::byte> head;
  write_summary(summary, key, head);
  Bytes frame(head.begin(), head.end());
  frame.insert(frame.end(), rest.begin(), rest.end());
  return frame;
}

/// A reader of parts must see what a reader of the whole sees.
void compare_parts(const FrameReader& reader, ByteView whole, Input& input) {
  const std::size_t offset = whole.empty() ? 0 : input.number<std::uint16_t>() % whole.size();
  const std::size_t size = input.number<std::uint16_t>() % (whole.size() - offset + 1);
  Bytes part(size);
  const FrameReader::Piece piece{offset, size, 0};
  if (size == 0 || !reader.decode_pieces({&piece, 1}, part, default_registry(), Verify::always).ok()) return;
  fuzz::require(std::ranges::equal(part, whole.subspan(offset, size)), "a part differs from the whole");
}

}  // namespace
}  // namespace cinch

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cinch;
  Input input(data, size);
  Input choices(data, size);
  const std::vector<std::byte> frame = input.flag() ? mended(input.rest()) : written(input);
  const Result<FrameReader> reader = FrameReader::open(Value::copy_of(frame), key, limit);
  if (!reader) return 0;
  fuzz::require(reader->summary().decoded_bytes <= limit, "a value over the limit was opened");
  (void)reader->check_stored().ok();
  const Result<Value> value = reader->decode(default_registry(), Verify::always);
  if (!value) return 0;
  fuzz::require(value->size() == reader->summary().decoded_bytes, "another length than the summary says");
  fuzz::require(reader->check_stored().ok(), "a value of stored bytes that do not verify");
  fuzz::require(!FrameReader::open(Value::copy_of(frame), "another key", limit), "opened under another key");
  compare_parts(*reader, value->bytes(), choices);
  return 0;
}
