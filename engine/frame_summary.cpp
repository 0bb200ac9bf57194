#include "engine/frame_summary.hpp"

#include <algorithm>
#include <array>

#include "engine/byte_io.hpp"
#include "engine/checksum.hpp"

namespace cinch {
namespace {

constexpr std::array<std::byte, 3> magic{std::byte{0xcf}, std::byte{'c'}, std::byte{'n'}};
constexpr std::uint8_t format_version = 1;  // version 0, of previews, differs only in the number
constexpr std::size_t flags_at = magic.size() + 1;
constexpr std::size_t length_at = flags_at + 1;
constexpr std::size_t checksum_bytes = 8;
constexpr std::uint8_t no_token_axis = 255;
constexpr std::uint16_t must_understand_tag = 0x8000;

enum Flag : std::uint8_t {
  flag_typed = 1,
  flag_indexed = 2,
  flag_stored_raw = 4,
  flag_lossy_origin = 8,
  flag_annotated = 16,
  flag_loss = 32,
  flag_extras = 64,
  known_flags = 127,
};

std::uint8_t flags_of(const FrameSummary& summary) {
  unsigned flags = 0;
  if (summary.shape) flags |= flag_typed;
  if (summary.indexed) flags |= flag_indexed;
  if (summary.stored_raw) flags |= flag_stored_raw;
  if (summary.lossy_origin) flags |= flag_lossy_origin;
  if (!summary.annotation.empty()) flags |= flag_annotated;
  if (summary.loss) flags |= flag_loss;
  if (!summary.extras.empty()) flags |= flag_extras;
  return static_cast<std::uint8_t>(flags);
}

void write_text(ByteWriter& writer, std::string_view text) {
  writer.varint(text.size());
  writer.bytes(as_bytes(text));
}

void write_shape(ByteWriter& writer, const TensorShape& shape) {
  writer.varint(static_cast<std::uint16_t>(shape.dtype));
  writer.fixed(shape.ndim);
  writer.fixed(shape.token_axis.value_or(no_token_axis));
  for (const std::uint64_t dim : shape.dimensions()) writer.varint(dim);
}

void write_fields(ByteWriter& writer, const FrameSummary& summary) {
  write_text(writer, summary.format.name);
  if (!summary.stored_raw) {
    writer.varint(summary.format.major);
    writer.varint(summary.format.minor);
  }
  write_text(writer, summary.format.parameters);
  writer.varint(summary.decoded_bytes);
  if (summary.shape) write_shape(writer, *summary.shape);
  if (!summary.annotation.empty()) write_text(writer, summary.annotation);
  if (summary.loss) {
    writer.fixed(summary.loss->relative_error);
    writer.fixed(summary.loss->worst_row);
    writer.fixed(summary.loss->max_abs);
  }
  if (summary.indexed) {
    writer.varint(summary.block_bytes);
    writer.varint(summary.block_count);
    writer.varint(summary.plan_bytes);
    writer.fixed(summary.index_checksum);
  } else {
    if (!summary.stored_raw) writer.fixed(summary.stored_checksum);
    writer.fixed(summary.decoded_checksum);
  }
  if (!summary.extras.empty()) {
    writer.varint(summary.extras.size());
    writer.bytes(summary.extras);
  }
}

/// An upper bound of the length of the summary.
std::size_t max_bytes(const FrameSummary& summary) noexcept {
  constexpr std::size_t without_texts = 256;  // numbers, 8 dimensions, checksums, lengths of texts
  return without_texts + summary.format.name.size() + summary.format.parameters.size() + summary.annotation.size() +
         summary.extras.size();
}

/// The length of a record that holds its own length as a varint, and `rest` bytes besides.
std::uint64_t with_length_prefix(std::uint64_t rest) {
  std::uint64_t total = rest + 1;
  for (std::uint64_t limit = 0x80; total >= limit; limit <<= 7) ++total;
  return total;
}

std::uint16_t narrow16(std::uint64_t value, bool& ok) {
  ok = ok && value <= 0xffff;
  return static_cast<std::uint16_t>(value);
}

std::optional<TensorShape> read_shape(ByteReader& reader, bool& ok) {
  TensorShape shape;
  shape.dtype = static_cast<Dtype>(narrow16(reader.varint(), ok));
  shape.ndim = reader.fixed<std::uint8_t>();
  const auto axis = reader.fixed<std::uint8_t>();
  if (axis != no_token_axis) shape.token_axis = axis;
  ok = ok && shape.ndim <= max_tensor_dims;
  if (!ok) return std::nullopt;
  for (unsigned i = 0; i < shape.ndim; ++i) shape.dims[i] = reader.varint();
  return shape;
}

Status check_extras(ByteView extras) {
  ByteReader reader(extras);
  while (reader.left() > 0) {
    const auto tag = reader.fixed<std::uint16_t>();
    reader.bytes(reader.fixed<std::uint16_t>());
    if (!reader.ok()) return corrupt_frame("malformed extra");
    if (tag >= must_understand_tag) {
      return {StatusCode::incompatible,
              "frame: extra " + std::to_string(tag) + " is unknown to this version of cinch, which must know it"};
    }
  }
  return {};
}

Status read_fields(ByteReader& reader, std::uint8_t flags, FrameSummary& out) {
  bool ok = true;
  out.stored_raw = (flags & flag_stored_raw) != 0;
  out.lossy_origin = (flags & flag_lossy_origin) != 0;
  out.indexed = (flags & flag_indexed) != 0;
  out.format.name = reader.text(reader.varint());
  if (!out.stored_raw) {
    out.format.major = narrow16(reader.varint(), ok);
    out.format.minor = narrow16(reader.varint(), ok);
  }
  out.format.parameters = reader.text(reader.varint());
  out.decoded_bytes = reader.varint();
  if (flags & flag_typed) out.shape = read_shape(reader, ok);
  if (flags & flag_annotated) out.annotation = reader.text(reader.varint());
  if (flags & flag_loss) {
    out.loss.emplace();
    out.loss->relative_error = reader.fixed<float>();
    out.loss->worst_row = reader.fixed<float>();
    out.loss->max_abs = reader.fixed<float>();
  }
  if (out.indexed) {
    out.block_bytes = reader.varint();
    out.block_count = reader.varint();
    out.plan_bytes = reader.varint();
    out.index_checksum = reader.fixed<std::uint64_t>();
  } else {
    if (!out.stored_raw) out.stored_checksum = reader.fixed<std::uint32_t>();
    out.decoded_checksum = reader.fixed<std::uint64_t>();
  }
  if (flags & flag_extras) {
    const ByteView extras = reader.bytes(reader.varint());
    out.extras.assign(extras.begin(), extras.end());
  }
  if (!ok || !reader.ok() || reader.left() > 0 || out.format.name.empty()) return corrupt_frame("malformed summary");
  if (out.shape) {
    const Result<std::uint64_t> bytes = tensor_bytes(*out.shape);
    if (!bytes || *bytes != out.decoded_bytes) return corrupt_frame("its shape does not fit its length");
  }
  return check_extras(out.extras);
}

}  // namespace

Status corrupt_frame(std::string message) { return {StatusCode::corruption, "frame: " + std::move(message)}; }

void write_summary(const FrameSummary& summary, std::string_view key, std::pmr::vector<std::byte>& out) {
  const std::size_t start = out.size();
  out.resize(start + max_bytes(summary));
  std::byte* const head = out.data() + start;
  // The length precedes the fields that it counts; it takes one byte in all but the longest summaries.
  std::byte* const expected = head + length_at + 1;
  ByteWriter fields(expected);
  write_fields(fields, summary);
  const auto field_bytes = static_cast<std::size_t>(fields.at() - expected);
  const std::uint64_t total = with_length_prefix(length_at + field_bytes + checksum_bytes);
  std::byte* const tail = head + total - checksum_bytes;
  if (tail != fields.at()) std::memmove(tail - field_bytes, expected, field_bytes);

  ByteWriter writer(head);
  writer.bytes(magic);
  writer.fixed(format_version);
  writer.fixed(flags_of(summary));
  writer.varint(total);
  ByteWriter(tail).fixed(checksum_for_key({head, tail}, key));
  out.resize(start + total);
}

Result<std::uint64_t> summary_length(ByteView start) {
  ByteReader reader(start);
  const ByteView found_magic = reader.bytes(magic.size());
  reader.bytes(length_at - magic.size());
  const std::uint64_t length = reader.varint();
  if (!reader.ok() || !std::ranges::equal(found_magic, magic)) {
    return corrupt_frame("the stored bytes do not start as one");
  }
  if (length < length_at + checksum_bytes) return corrupt_frame("malformed summary");
  return length;
}

Result<FrameSummary> parse_summary(ByteView frame, std::string_view key) {
  FrameSummary summary;
  if (Status status = read_summary(frame, key, summary); !status.ok()) return status;
  return summary;
}

Status read_summary(ByteView frame, std::string_view key, FrameSummary& out) {
  const Result<std::uint64_t> length = summary_length(frame);
  if (!length) return length.error();
  if (*length > frame.size()) return corrupt_frame("cut off within its summary");
  const ByteView covered = frame.first(*length - checksum_bytes);
  ByteReader tail(frame.subspan(covered.size(), checksum_bytes));
  if (tail.fixed<std::uint64_t>() != checksum_for_key(covered, key)) {
    return corrupt_frame("its summary does not verify for this key: damaged, or stored under another key");
  }
  // Magic, length and checksum keep their places in all later versions, so that a newer frame can be told from a
  // damaged one.
  const auto version = std::to_integer<std::uint8_t>(frame[magic.size()]);
  const auto flags = std::to_integer<std::uint8_t>(frame[flags_at]);
  if (version > format_version || (flags & ~known_flags) != 0) {
    return {StatusCode::incompatible, "frame of version " + std::to_string(version) + ", flags " +
                                          std::to_string(flags) + ": newer than this version of cinch reads"};
  }
  ByteReader reader(covered.subspan(length_at));
  reader.varint();  // the length
  out.summary_bytes = *length;
  return read_fields(reader, flags, out);
}

FrameInfo to_info(FrameSummary summary, std::uint64_t stored_bytes) {
  FrameInfo info;
  info.format = std::move(summary.format);
  info.stored_raw = summary.stored_raw;
  info.decoded_bytes = summary.decoded_bytes;
  info.stored_bytes = stored_bytes;
  info.block_bytes = summary.block_count > 1 ? summary.block_bytes : 0;
  info.shape = summary.shape;
  info.annotation = std::move(summary.annotation);
  info.loss = summary.loss;
  info.lossy_origin = summary.lossy_origin;
  return info;
}

}  // namespace cinch
