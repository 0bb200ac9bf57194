// Frames: what they cost, and that no damage of one passes for data.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "cinch/compressed_kv_store.hpp"
#include "engine/byte_io.hpp"
#include "engine/checksum.hpp"
#include "engine/frame_reader.hpp"
#include "engine/frame_writer.hpp"
#include "tests/support/test_codecs.hpp"

namespace cinch {
namespace {

using test::make_toy_codec;
using test::make_toy_registry;
using test::ToyKind;

using Bytes = std::vector<std::byte>;

Bytes join(const EncodedFrame& frame) {
  Bytes out(frame.stored_bytes());
  ValueParts(frame.parts()).copy_to(out.data());
  return out;
}

/// Compressible, but not to nothing: words of a small vocabulary.
Bytes sample(std::size_t size) {
  static constexpr std::string_view words[] = {"token ", "head ", "layer ", "cache ", "key "};
  std::mt19937 random(3);
  std::string text;
  while (text.size() < size) text += words[random() % 5];
  const ByteView bytes = as_bytes(text).first(size);
  return {bytes.begin(), bytes.end()};
}

/// Runs of equal bytes, which the toy codecs shorten.
Bytes runs(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(0x37 + i / 23);
  return out;
}

struct Case {
  std::string name;
  std::shared_ptr<const Codec> codec;
  CodecRegistry codecs;
  Bytes value;
  std::optional<TensorShape> shape;
  std::uint64_t block_bytes = 0;

  Bytes encode(std::string_view key) const {
    EncodeOptions options;
    options.shape = shape ? &*shape : nullptr;
    options.block_bytes = block_bytes;
    Result<EncodedFrame> frame = encode_frame(value, key, *codec, codecs, options);
    EXPECT_TRUE(frame) << frame.status().to_string();
    return join(*frame);
  }

  Result<Value> decode(const Bytes& frame, std::string_view key) const {
    Result<FrameReader> reader = FrameReader::open(Value::copy_of(frame), key, 1 << 20);
    if (!reader) return reader.error();
    return reader->decode(codecs, Verify::always);
  }
};

Case bundled(std::string spec, Bytes value, std::uint64_t block_bytes = 0) {
  const CodecRegistry& codecs = default_registry();
  Result<std::shared_ptr<const Codec>> codec = codecs.codec(spec);
  EXPECT_TRUE(codec) << codec.status().to_string();
  return {spec + "/" + std::to_string(value.size()) + "/" + std::to_string(block_bytes),
          *codec,
          codecs,
          value,
          {},
          block_bytes};
}

Case toy(ToyKind kind, Bytes value, std::uint64_t block_bytes = 0, std::optional<TensorShape> shape = std::nullopt) {
  return {"toy-" + std::to_string(static_cast<int>(kind)) + "/" + std::to_string(value.size()),
          make_toy_codec(kind),
          make_toy_registry({kind}),
          std::move(value),
          shape,
          block_bytes};
}

/// A small frame of every kind: each codec, raw, one block and several, typed, planned, lossy, empty.
std::vector<Case> small_cases() {
  const TensorShape planes = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{4, 3, 25}, 1);
  std::vector<Case> cases;
  for (const char* spec : {"raw", "lz4", "zstd", "zstd:level=9"}) {
    for (const std::size_t size : {0u, 1u, 15u, 300u}) cases.push_back(bundled(spec, sample(size)));
    cases.push_back(bundled(spec, sample(1000), 256));
  }
  cases.push_back(toy(ToyKind::plain, runs(600)));
  cases.push_back(toy(ToyKind::planned, runs(600)));
  cases.push_back(toy(ToyKind::planned, runs(600), 100, planes));
  cases.push_back(toy(ToyKind::planned, sample(600), 100, planes));
  cases.push_back(toy(ToyKind::plain, runs(600), 0, planes));
  cases.push_back(toy(ToyKind::plain, sample(600), 0, planes));
  return cases;
}

constexpr std::string_view key = "kv/layers.3.k";

TEST(FrameTest, ValuesComeBack) {
  for (const Case& c : small_cases()) {
    SCOPED_TRACE(c.name);
    const Result<Value> value = c.decode(c.encode(key), key);
    ASSERT_TRUE(value) << value.status().to_string();
    EXPECT_TRUE(std::ranges::equal(value->bytes(), c.value));
  }
}

TEST(FrameTest, EverySingleBitFlipIsDetected) {
  for (const Case& c : small_cases()) {
    SCOPED_TRACE(c.name);
    Bytes frame = c.encode(key);
    for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
      frame[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
      const Result<Value> value = c.decode(frame, key);
      ASSERT_FALSE(value) << "bit " << bit;
      ASSERT_EQ(value.error().code(), StatusCode::corruption) << "bit " << bit << ": " << value.error().to_string();
      frame[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    }
  }
}

TEST(FrameTest, EveryTruncationIsDetected) {
  for (const Case& c : small_cases()) {
    SCOPED_TRACE(c.name);
    const Bytes frame = c.encode(key);
    for (std::size_t size = 0; size < frame.size(); ++size) {
      // A buffer of exactly that size, so that AddressSanitizer sees a read behind it.
      const Result<Value> value =
          c.decode(Bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size)), key);
      ASSERT_FALSE(value) << size;
      ASSERT_EQ(value.error().code(), StatusCode::corruption) << size << ": " << value.error().to_string();
    }
  }
}

TEST(FrameTest, EveryAppendedByteIsDetected) {
  for (const Case& c : small_cases()) {
    SCOPED_TRACE(c.name);
    Bytes frame = c.encode(key);
    for (int more = 1; more <= 64; ++more) {
      frame.push_back(std::byte{0});
      const Result<Value> value = c.decode(frame, key);
      ASSERT_FALSE(value) << more;
      ASSERT_EQ(value.error().code(), StatusCode::corruption) << more;
    }
  }
}

TEST(FrameTest, SplicesOfTwoFramesAreDetected) {
  const std::vector<Case> cases = small_cases();
  for (std::size_t i = 0; i + 1 < cases.size(); ++i) {
    SCOPED_TRACE(cases[i].name);
    const Bytes first = cases[i].encode(key);
    const Bytes second = cases[i + 1].encode(key);
    for (std::size_t at = 1; at < std::min(first.size(), second.size()); ++at) {
      Bytes spliced(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(at));
      spliced.insert(spliced.end(), second.begin() + static_cast<std::ptrdiff_t>(at), second.end());
      if (spliced == first || spliced == second) continue;
      ASSERT_FALSE(cases[i].decode(spliced, key)) << at;
    }
  }
}

TEST(FrameTest, AnotherKeysFrameIsRefused) {
  for (const Case& c : small_cases()) {
    SCOPED_TRACE(c.name);
    const Bytes frame = c.encode(key);
    for (const std::string_view other : {"", "kv/layers.3.v", "kv/layers.3.k ", "KV/layers.3.k"}) {
      const Result<Value> value = c.decode(frame, other);
      ASSERT_FALSE(value);
      EXPECT_EQ(value.error().code(), StatusCode::corruption);
    }
  }
}

TEST(FrameTest, AShortPlainValueCostsAtMost40Bytes) {
  const Bytes value(4000, std::byte{'a'});
  for (const char* spec : {"raw", "lz4", "zstd"}) {
    const Case c = bundled(spec, value);
    const Result<FrameReader> reader = FrameReader::open(Value::copy_of(c.encode(key)), key, 1 << 20);
    ASSERT_TRUE(reader);
    EXPECT_LE(reader->summary().summary_bytes, 40u) << spec;
  }
}

TEST(FrameTest, IncompressibleValuesGrowByAtMost40Bytes) {
  std::mt19937 random(5);
  for (const std::size_t size : {0u, 1u, 10u, 100u, 1000u, 100000u}) {
    Bytes value(size);
    for (std::byte& byte : value) byte = static_cast<std::byte>(random());
    for (const char* spec : {"raw", "lz4", "zstd:level=19", "lz4:hc=9"}) {
      const Case c = bundled(spec, value);
      const Bytes frame = c.encode(key);
      EXPECT_LE(frame.size(), size + 40) << spec << ", seed 5";
      const Result<FrameReader> reader = FrameReader::open(Value::copy_of(frame), key, 1 << 20);
      EXPECT_TRUE(reader->summary().stored_raw);
      EXPECT_TRUE(reader->decode(CodecRegistry(), Verify::always)) << "a raw frame needs no codec";
    }
  }
}

TEST(FrameTest, ALongNameOfACodecThatGainedNothingIsNotKeptWhereItWouldCostTooMuch) {
  for (const std::size_t size : {0u, 1u, 600u}) {
    const Case long_name = toy(ToyKind::plain, sample(size));
    ASSERT_GT(long_name.codec->format().name.size(), 5u);
    EXPECT_LE(long_name.encode(key).size(), size + 40);
  }
}

TEST(FrameTest, RawBlocksOfTypedValuesAreAlignedInTheFrame) {
  const TensorShape shape = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{4, 3, 25}, 0);
  const Case c = toy(ToyKind::plain, sample(600), 0, shape);
  const Bytes frame = c.encode(key);
  const Result<FrameLayout> layout = FrameLayout::parse(frame, key, 1 << 20);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->blocks()[0].stored_offset % 64, 0u);
  EXPECT_TRUE(layout->blocks()[0].is_raw());
}

TEST(FrameTest, LossyFramesTellWhatWasLost) {
  const Case c = toy(ToyKind::lossy, runs(600));
  const Bytes frame = c.encode(key);
  const Result<FrameReader> reader = FrameReader::open(Value::copy_of(frame), key, 1 << 20);
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->summary().loss);
  EXPECT_TRUE(reader->summary().lossy_origin);
  double error = 0;
  double square = 0;
  const Value decoded = reader->decode(c.codecs, Verify::always).value();
  for (std::size_t i = 0; i < c.value.size(); ++i) {
    const double original = std::to_integer<int>(c.value[i]);
    error += std::pow(original - std::to_integer<int>(decoded.bytes()[i]), 2);
    square += original * original;
  }
  EXPECT_NEAR(reader->summary().loss->relative_error, std::sqrt(error / square), 1e-6);
  EXPECT_GT(reader->summary().loss->max_abs, 0);
}

TEST(FrameTest, LossyFramesDetectEveryBitFlip) {
  const Case c = toy(ToyKind::lossy, runs(300));
  Bytes frame = c.encode(key);
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    frame[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    ASSERT_FALSE(c.decode(frame, key)) << "bit " << bit;
    frame[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
  }
}

TEST(FrameTest, PlansAndAnnotationsAreKept) {
  const Case c = toy(ToyKind::planned, runs(600), 64);
  const Bytes frame = c.encode(key);
  const Result<FrameReader> reader = FrameReader::open(Value::copy_of(frame), key, 1 << 20);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->summary().annotation, "key=55");
  EXPECT_EQ(reader->summary().plan_bytes, 1u);
  EXPECT_EQ(reader->summary().block_count, 10u);
}

// -- Frames whose checksums are right and whose contents are not.

Bytes forged(FrameSummary summary, ByteView rest = {}) {
  Bytes out;
  write_summary(summary, key, out);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

FrameSummary claims(std::uint64_t decoded_bytes) {
  FrameSummary summary;
  summary.format = {"zstd", 1, 0, ""};
  summary.decoded_bytes = decoded_bytes;
  return summary;
}

StatusCode open_code(const Bytes& frame, std::uint64_t limit = 1 << 20) {
  return FrameReader::open(Value::copy_of(frame), key, limit).status().code();
}

TEST(FrameTest, ADecodedLengthOverTheLimitIsRefusedBeforeAnythingIsAllocated) {
  EXPECT_EQ(open_code(forged(claims(std::uint64_t{3} << 30), Bytes(16))), StatusCode::too_large);
  EXPECT_EQ(open_code(forged(claims(~std::uint64_t{0}), Bytes(16))), StatusCode::too_large);
}

TEST(FrameTest, ABlockCountThatTheFrameCannotHoldIsRefused) {
  FrameSummary summary = claims(1000);
  summary.indexed = true;
  summary.block_bytes = 64;
  for (const std::uint64_t count :
       {std::uint64_t{0}, std::uint64_t{17}, ~std::uint64_t{0}, ~std::uint64_t{0} / 24 + 1}) {
    summary.block_count = count;
    EXPECT_EQ(open_code(forged(summary, Bytes(300))), StatusCode::corruption) << count;
  }
  summary.block_count = 16;
  summary.plan_bytes = ~std::uint64_t{0};
  EXPECT_EQ(open_code(forged(summary, Bytes(1000))), StatusCode::corruption);
}

TEST(FrameTest, AShapeThatDoesNotFitIsRefused) {
  FrameSummary summary = claims(1000);
  summary.shape = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{4, 3, 25});
  EXPECT_EQ(open_code(forged(summary, Bytes(16))), StatusCode::corruption);
}

TEST(FrameTest, UnknownExtrasAreSkippedUnlessTheyMustBeUnderstood) {
  const Bytes value = sample(20);
  FrameSummary summary = claims(value.size());
  summary.stored_raw = true;
  summary.decoded_checksum = checksum(value);
  ByteWriter writer(summary.extras);
  writer.fixed(std::uint16_t{0x1234});
  writer.fixed(std::uint16_t{3});
  writer.zeros(3);
  EXPECT_EQ(open_code(forged(summary, value)), StatusCode::ok);
  writer.fixed(std::uint16_t{0x8001});
  writer.fixed(std::uint16_t{0});
  EXPECT_EQ(open_code(forged(summary, value)), StatusCode::incompatible);
}

TEST(FrameTest, ANewerVersionOrAnUnknownFlagIsIncompatibleAndNotDamage) {
  for (const std::size_t at : {3u, 4u}) {
    Bytes frame = forged(claims(0));
    frame[at] = at == 3 ? std::byte{1} : std::byte{0x80};
    const std::uint64_t sum = checksum_for_key(ByteView(frame).first(frame.size() - 8), key);
    std::memcpy(frame.data() + frame.size() - 8, &sum, 8);
    EXPECT_EQ(open_code(frame), StatusCode::incompatible) << at;
  }
}

TEST(FrameTest, RandomBytesAreNoFrame) {
  std::mt19937 random(9);
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes(random() % 200);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    if (bytes.size() > 4 && round % 2 == 0)
      std::memcpy(bytes.data(),
                  "\xcf"
                  "cn\0",
                  4);
    ASSERT_EQ(open_code(bytes), StatusCode::corruption) << "seed 9, round " << round;
  }
}

// -- Codecs that lie.

TEST(FrameTest, AWrongDecoderIsBlamedAndNotTheDisk) {
  const Case c = toy(ToyKind::decodes_wrong, runs(600));
  EXPECT_EQ(c.decode(c.encode(key), key).status().code(), StatusCode::codec_misbehaved);
  const Case refuses = toy(ToyKind::refuses, runs(600));
  EXPECT_EQ(refuses.decode(refuses.encode(key), key).status().code(), StatusCode::codec_misbehaved);
}

TEST(FrameTest, ADecoderThatWritesBehindItsBufferIsSwitchedOff) {
  const Case c = toy(ToyKind::overruns, runs(600));
  const Bytes frame = c.encode(key);
  EXPECT_EQ(c.decode(frame, key).status().code(), StatusCode::codec_misbehaved);
  const Result<Value> again = c.decode(frame, key);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message().find("wrote outside"), std::string_view::npos) << again.error().message();
}

TEST(FrameTest, AnEncoderThatWritesBehindItsBufferIsSwitchedOff) {
  const Case c = toy(ToyKind::encoder_overruns, runs(600));
  for (int round = 0; round < 2; ++round) {
    const Result<EncodedFrame> frame = encode_frame(c.value, key, *c.codec, c.codecs, {});
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().code(), StatusCode::codec_misbehaved);
  }
}

TEST(FrameTest, AWrongEncoderIsCaughtAtWriteWhenWritesAreVerified) {
  const Case c = toy(ToyKind::encodes_wrong, runs(600));
  EXPECT_EQ(c.decode(c.encode(key), key).status().code(), StatusCode::codec_misbehaved);
  EncodeOptions options;
  options.verify = true;
  EXPECT_EQ(encode_frame(c.value, key, *c.codec, c.codecs, options).status().code(), StatusCode::codec_misbehaved);
}

TEST(FrameTest, AShapeOfAnotherLengthIsRefusedAtSet) {
  const TensorShape shape = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{4, 3, 25});
  EncodeOptions options;
  options.shape = &shape;
  const Result<EncodedFrame> frame =
      encode_frame(sample(599), key, *make_toy_codec(ToyKind::plain), CodecRegistry(), options);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().message(), "the value has 599 bytes, expected 600 for a tensor bf16 [4, 3, 25]");
}

}  // namespace
}  // namespace cinch
