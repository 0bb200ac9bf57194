#include "cinch/compression.hpp"

#include <algorithm>
#include <cctype>

#include "engine/frame_reader.hpp"
#include "engine/frame_writer.hpp"

namespace cinch {

std::string_view as_str(Compression compression) noexcept { return compression == Compression::lz4 ? "lz4" : "zstd"; }

std::optional<Compression> parse_compression(std::string_view name) noexcept {
  for (const Compression compression : {Compression::lz4, Compression::zstd}) {
    const bool same = std::ranges::equal(
        name, as_str(compression), [](unsigned char given, char wanted) { return std::tolower(given) == wanted; });
    if (same) return compression;
  }
  return std::nullopt;
}

Result<std::vector<std::byte>> compress(Compression compression, ByteView data, const CodecRegistry& codecs) {
  if (data.size() > hard_max_value_bytes) {
    return Status(StatusCode::too_large, "value of " + std::to_string(data.size()) + " bytes, expected at most " +
                                             std::to_string(hard_max_value_bytes));
  }
  const Result<std::shared_ptr<const Codec>> codec = codecs.codec(as_str(compression));
  if (!codec) return codec.error();
  const Result<EncodedFrame> frame = encode_frame(data, "", **codec, codecs, {});
  if (!frame) return frame.error();
  std::vector<std::byte> out(frame->stored_bytes());
  ValueParts(frame->parts()).copy_to(out.data());
  return out;
}

Result<std::vector<std::byte>> decompress(ByteView frame, const CodecRegistry& codecs, std::uint64_t max_bytes) {
  // Borrowed: the reader does not outlive this call.
  const Result<FrameReader> reader = FrameReader::open(Value::adopt(frame, nullptr), "", max_bytes);
  if (!reader) return reader.error();
  std::vector<std::byte> out(reader->summary().decoded_bytes);
  if (Status status = reader->decode_into(out, codecs, Verify::always); !status.ok()) return status;
  return out;
}

}  // namespace cinch
