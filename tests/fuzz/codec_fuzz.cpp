// One bundled codec, CINCH_FUZZ_CODEC: its decoder and its plans from hostile bytes, and its encoder and decoder one
// after the other.
#include "cinch/codec_registry.hpp"
#include "engine/block_split.hpp"
#include "engine/frame_reader.hpp"
#include "engine/frame_writer.hpp"
#include "tests/fuzz/fuzz_input.hpp"

namespace cinch {
namespace {

using fuzz::Input;
using Bytes = std::vector<std::byte>;

constexpr std::string_view codec_name = CINCH_FUZZ_CODEC;
constexpr std::size_t max_bytes = 1 << 16;

/// The codec must be there: all of the target would pass without it.
const ProviderInfo& provider() {
  static const ProviderInfo info = [] {
    const auto codec = default_registry().codec(codec_name);
    fuzz::require(codec.has_value(), codec.status().to_string());
    for (const ProviderInfo& each : default_registry().providers()) {
      if (each.format == codec_name) return each;
    }
    return ProviderInfo();
  }();
  return info;
}

/// Dtypes that there are, and dimensions that make a small value.
std::optional<TensorShape> shape_from(Input& input, std::size_t most) {
  constexpr Dtype dtypes[] = {Dtype::bf16, Dtype::f16, Dtype::f32, Dtype::f64, Dtype::f8_e4m3, Dtype::u8, Dtype::i64};
  const std::uint8_t kind = input.byte();
  if (kind % 8 == 7) return std::nullopt;
  std::uint64_t dims[4];
  const std::size_t ndim = 1 + (kind >> 3) % 4;
  for (std::size_t i = 0; i < ndim; ++i) dims[i] = i + 1 == ndim ? input.number<std::uint16_t>() : input.byte();
  std::optional<std::uint8_t> axis;
  if (const std::uint8_t wanted = kind >> 5; wanted < ndim) axis = wanted;
  const Result<TensorShape> shape = make_tensor(dtypes[kind % 8], {dims, ndim}, axis);
  if (!shape || tensor_bytes(*shape).value() > most) return std::nullopt;
  return *shape;
}

bool is_expected(StatusCode code) {
  return code == StatusCode::ok || code == StatusCode::corruption || code == StatusCode::codec_missing ||
         code == StatusCode::codec_failed || code == StatusCode::unsupported;
}

void check(const Status& status) { fuzz::require(is_expected(status.code()), status.to_string()); }

/// Decodes the rest of the input as one block, twice, over different bytes: what is said to be decoded must have been
/// written, all of it, and be the same.
void decode_hostile(Input& input) {
  const std::uint16_t major = input.flag() ? provider().major : input.byte();
  const std::uint16_t minor = input.flag() ? provider().minor : input.byte();
  const std::string parameters(input.flag() ? input.text() : "");
  const auto codec = default_registry().decoder({std::string(codec_name), major, minor, parameters});
  if (!codec) return;
  const std::optional<TensorShape> shape = shape_from(input, max_bytes);
  const std::size_t size = shape ? tensor_bytes(*shape).value() : input.number<std::uint16_t>();
  std::shared_ptr<const PlanState> plan;
  if (input.flag()) {
    const Bytes stored = fuzz::exact(input.bytes(input.number<std::uint16_t>()));
    const auto opened = (*codec)->open_plan(stored, shape ? &*shape : nullptr);
    check(opened.status());
    if (!opened) return;
    plan = *opened;
  }
  const BlockSplit split(size, shape ? &*shape : nullptr, input.flag() ? std::uint64_t{64} * input.byte() : 0);
  const BlockPart part = split[input.byte() % split.count()];
  const Bytes encoded = fuzz::exact(input.rest());
  Bytes once(part.size, std::byte{0x00}), again(part.size, std::byte{0xff});
  const Status status = (*codec)->decompress(part.slice, plan.get(), encoded, once);
  check(status);
  const Status second = (*codec)->decompress(part.slice, plan.get(), encoded, again);
  fuzz::require(second.code() == status.code(), "answers differ: " + status.to_string() + ", " + second.to_string());
  if (status.ok()) fuzz::require(once == again, "the same bytes decode differently, or not all was written");
}

/// Encodes the rest of the input as a value and reads it back.
void round_trip(Input& input) {
  std::string spec(codec_name);
  if (input.flag()) spec.append(":").append(input.text());
  const auto codec = default_registry().codec(spec);
  if (!codec) return;
  const std::optional<TensorShape> shape = shape_from(input, max_bytes);
  EncodeOptions options;
  options.shape = shape ? &*shape : nullptr;
  options.block_bytes = input.flag() ? std::uint64_t{64} * input.byte() : 0;
  options.verify_writes = true;
  const ByteView pattern = input.rest();
  Bytes value = fuzz::exact(pattern);
  if (shape) {  // the input's bytes again and again
    value.resize(tensor_bytes(*shape).value());
    for (std::size_t i = 0; i < value.size(); ++i)
      value[i] = pattern.empty() ? std::byte{0} : pattern[i % pattern.size()];
  }
  const Result<EncodedFrame> encoded = encode_frame(value, "k", **codec, default_registry(), options);
  if (!encoded &&
      (encoded.error().code() == StatusCode::unsupported || encoded.error().code() == StatusCode::invalid_argument)) {
    return;  // not a value for this codec, or one of which it has to be told more
  }
  fuzz::require(encoded.has_value(), encoded.status().to_string());
  Bytes frame(encoded->stored_bytes());
  ValueParts(encoded->parts()).copy_to(frame.data());
  const Result<FrameReader> reader = FrameReader::open(Value::copy_of(frame), "k", max_bytes + 1);
  fuzz::require(reader.has_value(), reader.status().to_string());
  const Result<Value> decoded = reader->decode(default_registry(), Verify::always);
  fuzz::require(decoded.has_value(), decoded.status().to_string());
  if (!(*codec)->traits().lossy) fuzz::require(std::ranges::equal(decoded->bytes(), value), "other bytes came back");
}

}  // namespace
}  // namespace cinch

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)cinch::provider();
  cinch::fuzz::Input input(data, size);
  input.flag() ? cinch::round_trip(input) : cinch::decode_hostile(input);
  return 0;
}
