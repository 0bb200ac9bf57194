// Frames that earlier builds wrote: tests/golden/*.frame must decode for ever. `--write DIR` makes missing ones.
#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cinch/codec_registry.hpp"
#include "engine/frame_reader.hpp"
#include "engine/frame_writer.hpp"
#include "tests/support/test_codecs.hpp"
#include "tests/support/turning_keys.hpp"

namespace cinch {
namespace {

using test::ToyKind;

constexpr std::string_view key = "golden";

struct Golden {
  std::string name;
  std::string spec;  // or a toy codec
  std::optional<ToyKind> toy;
  std::string value;
  std::uint64_t block_bytes = 0;
  std::optional<TensorShape> shape;
  std::string annotation = "";

  /// What comes back differs from the value; the frame's checksum of it says how.
  bool is_lossy() const { return toy == ToyKind::lossy || spec.starts_with("quant"); }
};

/// Text that compresses: a counter in words.
std::string counted(std::size_t size) {
  std::string out;
  for (int i = 0; out.size() < size; ++i) out += "entry " + std::to_string(i) + " of the golden value; ";
  return out.substr(0, size);
}

/// Bytes that do not compress: a linear congruential generator, the same for ever.
std::string noise(std::size_t size) {
  std::string out;
  std::uint32_t state = 1;
  while (out.size() < size) {
    state = state * 1664525u + 1013904223u;
    out += static_cast<char>(state >> 24);
  }
  return out;
}

std::string steps(std::size_t size) {
  std::string out;
  while (out.size() < size) out += static_cast<char>('0' + out.size() / 37);
  return out;
}

/// bf16 numbers of a few octaves.
std::string floats(std::size_t size) {
  const std::string random = noise(2 * size);
  std::string out;
  for (std::size_t i = 0; out.size() < size; i += 4) {
    const auto bits = static_cast<unsigned char>(random[i] | 1);
    const unsigned exponent =
        127u - static_cast<unsigned>(std::countr_zero(static_cast<unsigned>(random[i + 1]) | 64u));
    const unsigned word = (bits & 128u) << 8 | exponent << 7 | (static_cast<unsigned char>(random[i + 2]) & 127u);
    out += static_cast<char>(word & 255);
    out += static_cast<char>(word >> 8);
  }
  return out.substr(0, size);
}

/// K of one head with what quant codes in ways of their own: rows of zeros and of what is not finite, a row far from
/// the others, a value far from the others of its row.
std::string unusual_keys(std::uint64_t tokens) {
  std::string out = test::turning_keys(tokens, 1);
  const auto set = [&out](std::size_t token, std::size_t channel, std::uint16_t word) {
    out[(token * 64 + channel) * 2] = static_cast<char>(word & 255);
    out[(token * 64 + channel) * 2 + 1] = static_cast<char>(word >> 8);
  };
  for (std::size_t channel = 0; channel < 64; ++channel) {
    set(7, channel, 0);
    set(9, channel, static_cast<std::uint16_t>(0x4f00 + channel));  // about 2^31
  }
  set(11, 5, 0x7fc0);  // NaN
  set(70, 3, 0x4380);  // 256
  return out;
}

std::vector<Golden> all_golden() {
  const TensorShape heads = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{10, 3, 10});
  const TensorShape planes = *make_tensor(Dtype::f8_e4m3, std::vector<std::uint64_t>{2, 3, 100}, 1);
  const TensorShape keys = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{128, 1, 64});
  const TensorShape halves = *make_tensor(Dtype::f16, std::vector<std::uint64_t>{40, 1, 80});
  const TensorShape bytes = *make_tensor(Dtype::f8_e4m3, std::vector<std::uint64_t>{2, 40, 2, 48}, 1);
  const TensorShape two_heads = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{96, 2, 64});
  std::string small_bytes = noise(7680);
  for (char& c : small_bytes) c = static_cast<char>(c & ~0x40);  // none is NaN
  return {
      {"quant", "quant:error=0.12", {}, test::turning_keys(96, 2), 0, two_heads, "rope=halves,theta=10000"},
      {"quant-blocks", "quant:error=0.12", {}, unusual_keys(128), 5120, keys, "rope=halves,theta=10000"},
      {"quant-fine", "quant:error=0.004,rope=none", {}, unusual_keys(128), 0, keys, "rope=none"},
      {"quant-f16", "quant:error=0.05", {}, floats(6400), 0, halves, "rope=none"},
      {"quant-f8", "quant:error=0.3,first=2", {}, small_bytes, 0, bytes, "rope=none"},
      {"raw", "raw", {}, counted(700), 0, {}},
      {"raw-empty", "raw", {}, "", 0, {}},
      {"tensor", "tensor", {}, floats(6001), 0, {}},
      {"tensor-typed-blocks", "tensor", {}, floats(16384), 5120, keys},
      {"lz4", "lz4", {}, counted(700), 0, {}},
      {"lz4-declined", "lz4", {}, noise(300), 0, {}},
      {"lz4-hc-blocks", "lz4:hc=9", {}, counted(700), 256, {}},
      {"zstd", "zstd", {}, counted(700), 0, {}},
      {"zstd-level19", "zstd:level=19", {}, counted(3000), 0, {}},
      {"zstd-typed", "zstd", {}, counted(600), 0, heads},
      {"zstd-blocks-mixed", "zstd", {}, counted(512) + noise(512) + counted(100), 512, {}},
      {"raw-typed", "raw", {}, noise(600), 0, heads},
      {"raw-typed-blocks", "raw", {}, noise(600), 120, planes},
      {"toy-planned-typed-blocks", "", ToyKind::planned, steps(600), 120, planes},
      {"toy-lossy", "", ToyKind::lossy, steps(600), 0, heads},
  };
}

CodecRegistry codecs_of(const Golden& golden) {
  return golden.toy ? test::make_toy_registry({*golden.toy}) : default_registry();
}

std::string file_of(const std::filesystem::path& directory, const Golden& golden) {
  return directory / ("v1-" + golden.name + ".frame");
}

/// What a reader gets: what was set, but for the lossy toy, which clears low bits.
std::string expected(const Golden& golden) {
  std::string out = golden.value;
  if (golden.toy == ToyKind::lossy) {
    for (char& c : out) c = static_cast<char>(c & 0xf0);
  }
  return out;
}

TEST(GoldenFrameTest, EveryOneDecodes) {
  for (const Golden& golden : all_golden()) {
    SCOPED_TRACE(golden.name);
    std::ifstream file(file_of(CINCH_SOURCE_DIR "/tests/golden", golden), std::ios::binary);
    ASSERT_TRUE(file) << "missing";
    const std::string frame((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const Result<FrameReader> reader = FrameReader::open(Value::own(frame), key, 1 << 20);
    ASSERT_TRUE(reader) << reader.status().to_string();
    const Result<Value> value = reader->decode(codecs_of(golden), Verify::always);
    ASSERT_TRUE(value) << value.status().to_string();
    if (golden.is_lossy() && !golden.toy) {
      EXPECT_EQ(value->size(), golden.value.size());
      EXPECT_EQ(reader->summary().annotation, golden.annotation);
    } else {
      EXPECT_EQ(value->text(), expected(golden));
    }
    EXPECT_EQ(reader->summary().shape, golden.shape);
    EXPECT_EQ(reader->summary().loss.has_value(), golden.is_lossy());
  }
}

TEST(GoldenFrameTest, NoFileIsWithoutItsTest) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(CINCH_SOURCE_DIR "/tests/golden")) {
    files += entry.path().extension() == ".frame";
  }
  EXPECT_EQ(files, all_golden().size());
}

TEST(GoldenFrameTest, WhatDependsOnNoCodecLibraryIsWrittenTheSameWay) {
  for (const Golden& golden : all_golden()) {
    if (golden.spec != "raw" && !golden.toy) continue;
    SCOPED_TRACE(golden.name);
    const CodecRegistry codecs = codecs_of(golden);
    const auto codec = golden.toy ? test::make_toy_codec(*golden.toy) : *codecs.codec(golden.spec);
    EncodeOptions options{golden.shape ? &*golden.shape : nullptr, golden.block_bytes, false};
    const Result<EncodedFrame> frame = encode_frame(as_bytes(golden.value), key, *codec, codecs, options);
    ASSERT_TRUE(frame) << frame.status().to_string();
    std::ifstream file(file_of(CINCH_SOURCE_DIR "/tests/golden", golden), std::ios::binary);
    const std::string stored((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_EQ(ValueParts(frame->parts()).to_string(), stored);
  }
}

int write_missing(const std::filesystem::path& directory) {
  for (const Golden& golden : all_golden()) {
    const std::string path = file_of(directory, golden);
    if (std::filesystem::exists(path)) continue;
    const CodecRegistry codecs = codecs_of(golden);
    const auto codec = golden.toy ? test::make_toy_codec(*golden.toy) : *codecs.codec(golden.spec);
    EncodeOptions options{golden.shape ? &*golden.shape : nullptr, golden.block_bytes, false};
    const Result<EncodedFrame> frame = encode_frame(as_bytes(golden.value), key, *codec, codecs, options);
    if (!frame) {
      std::cerr << path << ": " << frame.status().to_string() << '\n';
      return 1;
    }
    std::ofstream(path, std::ios::binary) << ValueParts(frame->parts()).to_string();
    std::cout << "wrote " << path << '\n';
  }
  return 0;
}

}  // namespace
}  // namespace cinch

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc == 3 && std::string_view(argv[1]) == "--write") return cinch::write_missing(argv[2]);
  return RUN_ALL_TESTS();
}
