// Frames: what they cost, and that no damage of one passes for data.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "cinch/compressed_kv_store.hpp"
#include "engine/byte_io.hpp"
#include "engine/checksum.hpp"
#include "engine/frame_reader.hpp"
#include "engine/frame_writer.hpp"
#include "tests/unit/frame_cases.hpp"

namespace cinch {
namespace {

using test::bundled;
using test::Bytes;
using test::FrameCase;
using test::runs;
using test::sample;
using test::small_frame_cases;
using test::toy;
using test::ToyKind;

constexpr std::string_view key = "kv/layers.3.k";

TEST(FrameTest, ValuesComeBack) {
  for (const FrameCase& c : small_frame_cases()) {
    SCOPED_TRACE(c.name);
    const Result<Value> value = c.decode(c.encode(key), key);
    ASSERT_TRUE(value) << value.status().to_string();
    EXPECT_TRUE(c.codec->traits().lossy || std::ranges::equal(value->bytes(), c.value));
  }
}

TEST(FrameTest, AShortPlainValueCostsAtMost40Bytes) {
  const Bytes value(4000, std::byte{'a'});
  for (const char* spec : {"raw", "lz4", "zstd"}) {
    const FrameCase c = bundled(spec, value);
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
      const FrameCase c = bundled(spec, value);
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
    const FrameCase long_name = toy(ToyKind::plain, sample(size));
    ASSERT_GT(long_name.codec->format().name.size(), 5u);
    EXPECT_LE(long_name.encode(key).size(), size + 40);
  }
}

TEST(FrameTest, RawBlocksOfTypedValuesAreAlignedInTheFrame) {
  const TensorShape shape = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{4, 3, 25}, 0);
  const FrameCase c = toy(ToyKind::plain, sample(600), 0, shape);
  const Bytes frame = c.encode(key);
  FrameLayout layout;
  ASSERT_TRUE(layout.read(frame, key, 1 << 20).ok());
  EXPECT_EQ(layout.blocks()[0].stored_offset % 64, 0u);
  EXPECT_TRUE(layout.blocks()[0].is_raw());
}

TEST(FrameTest, LossyFramesTellWhatWasLost) {
  const FrameCase c = toy(ToyKind::lossy, runs(600));
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

TEST(FrameTest, PlansAndAnnotationsAreKept) {
  const FrameCase c = toy(ToyKind::planned, runs(600), 64);
  const Bytes frame = c.encode(key);
  const Result<FrameReader> reader = FrameReader::open(Value::copy_of(frame), key, 1 << 20);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->summary().annotation, "key=55");
  EXPECT_EQ(reader->summary().plan_bytes, 1u);
  EXPECT_EQ(reader->summary().block_count, 10u);
}

// -- Frames whose checksums are right and whose contents are not.

Bytes forged(FrameSummary summary, ByteView rest = {}) {
  std::pmr::vector<std::byte> out;
  write_summary(summary, key, out);
  out.insert(out.end(), rest.begin(), rest.end());
  return {out.begin(), out.end()};
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
  summary.extras.resize(7);
  ByteWriter known(summary.extras.data());
  known.fixed(std::uint16_t{0x1234});
  known.fixed(std::uint16_t{3});  // zeros
  EXPECT_EQ(open_code(forged(summary, value)), StatusCode::ok);
  summary.extras.resize(11);
  ByteWriter required(summary.extras.data() + 7);
  required.fixed(std::uint16_t{0x8001});
  required.fixed(std::uint16_t{0});
  EXPECT_EQ(open_code(forged(summary, value)), StatusCode::incompatible);
}

TEST(FrameTest, ANewerVersionOrAnUnknownFlagIsIncompatibleAndNotDamage) {
  for (const std::size_t at : {3u, 4u}) {
    Bytes frame = forged(claims(0));
    frame[at] = at == 3 ? std::byte{2} : std::byte{0x80};
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
                  "cn\1",
                  4);
    ASSERT_EQ(open_code(bytes), StatusCode::corruption) << "seed 9, round " << round;
  }
}

// -- Codecs that lie.

TEST(FrameTest, AWrongDecoderIsBlamedAndNotTheDisk) {
  const FrameCase c = toy(ToyKind::decodes_wrong, runs(600));
  EXPECT_EQ(c.decode(c.encode(key), key).status().code(), StatusCode::codec_misbehaved);
  const FrameCase refuses = toy(ToyKind::refuses, runs(600));
  EXPECT_EQ(refuses.decode(refuses.encode(key), key).status().code(), StatusCode::codec_misbehaved);
}

TEST(FrameTest, ADecoderThatWritesBehindItsBufferIsSwitchedOff) {
  const FrameCase c = toy(ToyKind::overruns, runs(600));
  const Bytes frame = c.encode(key);
  EXPECT_EQ(c.decode(frame, key).status().code(), StatusCode::codec_misbehaved);
  const Result<Value> again = c.decode(frame, key);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message().find("wrote outside"), std::string_view::npos) << again.error().message();
}

TEST(FrameTest, ADecoderThatWritesIntoAnotherBlockIsSwitchedOff) {
  constexpr std::size_t block = 4096;
  const auto expect_convicted = [&](auto&& decode) {
    const FrameCase c = toy(ToyKind::underruns, runs(40000), block);
    const Result<FrameReader> reader = FrameReader::open(Value::own(c.encode(key)), key, 1 << 20);
    ASSERT_TRUE(reader);
    for (int round = 0; round < 2; ++round) {
      const Status status = decode(*reader, c.codecs);
      EXPECT_EQ(status.code(), StatusCode::codec_misbehaved);
      EXPECT_NE(status.message().find("wrote outside"), std::string_view::npos) << status.message();
    }
  };
  expect_convicted([](const FrameReader& reader, const CodecRegistry& codecs) {
    return reader.decode(codecs, Verify::always).status();
  });
  expect_convicted([](const FrameReader& reader, const CodecRegistry& codecs) {
    WorkerPool workers(3);
    return reader.decode(codecs, Verify::always, &workers).status();
  });
  std::vector<std::byte> room(40000);
  expect_convicted([&](const FrameReader& reader, const CodecRegistry& codecs) {
    return reader.decode_into(room, codecs, Verify::always);
  });
  // Whole blocks beside a part of one, and beside one another.
  for (const auto& [offset, size] : {std::pair{20u, 2 * block - 20}, {0u, 2 * block}, {20u, 6 * block}}) {
    expect_convicted([&](const FrameReader& reader, const CodecRegistry& codecs) {
      const FrameReader::Piece piece{offset, size, 0};
      return reader.decode_pieces({&piece, 1}, MutableBytes(room).first(size), codecs, Verify::always);
    });
  }
}

TEST(FrameTest, AnEncoderThatWritesBehindItsBufferIsSwitchedOff) {
  const FrameCase c = toy(ToyKind::encoder_overruns, runs(600));
  for (int round = 0; round < 2; ++round) {
    const Result<EncodedFrame> frame = encode_frame(c.value, key, *c.codec, c.codecs, {});
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().code(), StatusCode::codec_misbehaved);
  }
}

TEST(FrameTest, AWrongEncoderIsCaughtAtWriteWhenWritesAreVerified) {
  const FrameCase c = toy(ToyKind::encodes_wrong, runs(600));
  EXPECT_EQ(c.decode(c.encode(key), key).status().code(), StatusCode::codec_misbehaved);
  EncodeOptions options;
  options.verify_writes = true;
  EXPECT_EQ(encode_frame(c.value, key, *c.codec, c.codecs, options).status().code(), StatusCode::codec_misbehaved);
}

TEST(FrameTest, OfTwoImplementationsTheDecoderThatOverrunsIsSwitchedOff) {
  const FrameCase c = toy(ToyKind::overruns, runs(600));  // the registry has one of its own
  EncodeOptions options;
  options.verify_writes = true;
  EXPECT_EQ(encode_frame(c.value, key, *c.codec, c.codecs, options).status().code(), StatusCode::codec_misbehaved);
  EXPECT_TRUE(c.codec->bound(10, nullptr));
  EXPECT_EQ((*c.codecs.codec(c.codec->format().spec()))->bound(10, nullptr).status().code(),
            StatusCode::codec_misbehaved);
}

TEST(FrameTest, AShapeOfAnotherLengthIsRefusedAtSet) {
  const TensorShape shape = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{4, 3, 25});
  EncodeOptions options;
  options.shape = &shape;
  const Result<EncodedFrame> frame =
      encode_frame(sample(599), key, *test::make_toy_codec(ToyKind::plain), CodecRegistry(), options);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().message(), "the value has 599 bytes, expected 600 for a tensor bf16 [4, 3, 25]");
}

}  // namespace
}  // namespace cinch
