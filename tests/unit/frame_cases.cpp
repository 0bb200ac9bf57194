#include "tests/unit/frame_cases.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <iterator>
#include <random>
#include <sstream>

#include "engine/frame_reader.hpp"

namespace cinch::test {

Result<Bytes> FrameCase::try_encode(std::string_view key) const {
  EncodeOptions options;
  options.shape = shape ? &*shape : nullptr;
  options.block_bytes = block_bytes;
  const Result<EncodedFrame> frame = encode_frame(value, key, *codec, codecs, options);
  if (!frame) return frame.error();
  Bytes out(frame->stored_bytes());
  ValueParts(frame->parts()).copy_to(out.data());
  return out;
}

Bytes FrameCase::encode(std::string_view key) const {
  const Result<Bytes> frame = try_encode(key);
  EXPECT_TRUE(frame) << name << ": " << frame.status().to_string();
  return frame ? *frame : Bytes();
}

Result<Value> FrameCase::decode(const Bytes& frame, std::string_view key) const {
  const Result<FrameReader> reader = FrameReader::open(Value::copy_of(frame), key, 1 << 20);
  if (!reader) return reader.error();
  return reader->decode(codecs, Verify::always);
}

Bytes sample(std::size_t size) {
  static constexpr std::string_view words[] = {"token ", "head ", "layer ", "cache ", "key "};
  std::mt19937 random(3);
  std::string text;
  while (text.size() < size) text += words[random() % 5];
  const ByteView bytes = as_bytes(text).first(size);
  return {bytes.begin(), bytes.end()};
}

Bytes runs(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(0x37 + i / 23);
  return out;
}

Bytes bf16_numbers(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes out(2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    // Numbers between 1/2 and 2, of either sign, with 4 bits of noise.
    const auto bits = static_cast<std::uint16_t>(0x3f00 | (random() & 0x80f8));
    std::memcpy(out.data() + 2 * i, &bits, sizeof bits);
  }
  return out;
}

FrameCase bundled(const std::string& spec, Bytes value, std::uint64_t block_bytes, std::optional<TensorShape> shape) {
  const CodecRegistry& codecs = default_registry();
  const Result<std::shared_ptr<const Codec>> codec = codecs.codec(spec);
  EXPECT_TRUE(codec) << codec.status().to_string();
  const std::string name = spec + "/" + std::to_string(value.size()) + "/" + std::to_string(block_bytes);
  return {name + (shape ? "/typed" : ""), *codec, codecs, std::move(value), shape, block_bytes};
}

FrameCase toy(ToyKind kind, Bytes value, std::uint64_t block_bytes, std::optional<TensorShape> shape) {
  return {"toy-" + std::to_string(static_cast<int>(kind)) + "/" + std::to_string(value.size()),
          make_toy_codec(kind),
          make_toy_registry({kind}),
          std::move(value),
          shape,
          block_bytes};
}

std::vector<std::string> frame_specs() {
  std::istringstream names(CINCH_CODECS);
  std::vector<std::string> specs(std::istream_iterator<std::string>(names), {});
  specs.insert(specs.end(), {"raw", "zstd:level=9", "lz4:hc=4"});
  return specs;
}

FrameCase tensor_case(const std::string& spec, std::uint64_t tokens, std::uint64_t block_bytes, std::uint64_t seed) {
  const std::uint64_t dims[] = {tokens, 1, 32};
  return bundled(spec, bf16_numbers(tokens * 32, seed), block_bytes, *make_tensor(Dtype::bf16, dims, 0));
}

std::vector<FrameCase> small_frame_cases() {
  const TensorShape planes = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{4, 3, 25}, 1);
  std::vector<FrameCase> cases;
  const auto add = [&](FrameCase c) {
    const StatusCode code = c.try_encode("").status().code();
    if (code != StatusCode::unsupported && code != StatusCode::invalid_argument) cases.push_back(std::move(c));
  };
  for (const std::string& spec : frame_specs()) {
    for (const std::size_t size : {0u, 1u, 15u, 300u}) add(bundled(spec, sample(size)));
    add(bundled(spec, sample(1000), 256));
    add(bundled(spec, bf16_numbers(300), 0, planes));
    add(bundled(spec, bf16_numbers(300), 100, planes));
    add(tensor_case(spec, 20));
    add(tensor_case(spec, 20, 512));
  }
  for (const ToyKind kind : {ToyKind::plain, ToyKind::planned, ToyKind::lossy}) {
    add(toy(kind, runs(600)));
    add(toy(kind, runs(600), 100, planes));
    add(toy(kind, sample(600), 100, planes));
    add(toy(kind, runs(600), 0, planes));
    add(toy(kind, sample(600), 0, planes));
  }
  return cases;
}

}  // namespace cinch::test
