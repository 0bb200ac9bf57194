// Frames that earlier builds wrote: tests/golden/*.frame must decode for ever. `--write DIR` makes missing ones.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cinch/codec_registry.hpp"
#include "engine/frame_reader.hpp"
#include "engine/frame_writer.hpp"
#include "plugins/simd/small_float.hpp"
#include "tests/support/random.hpp"
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
  std::string annotation = "";  // what the codec found out

  /// What comes back differs from the value; the frame's checksum of it says how.
  bool is_lossy() const { return toy == ToyKind::lossy || spec.starts_with("quant"); }
};

/// Text that compresses: a counter in words.
std::string counted(std::size_t size) {
  std::string out;
  for (int i = 0; out.size() < size; ++i) out += "entry " + std::to_string(i) + " of the golden value; ";
  return out.substr(0, size);
}

/// Bytes that do not compress.
std::string noise(std::size_t size) {
  std::string out;
  test::LinearCongruential random;
  while (out.size() < size) out += static_cast<char>(random.next() >> 24);
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

/// Numbers between -2 and 2, most of them small; the same for ever.
std::vector<float> numbers(std::size_t count) {
  const std::string random = noise(4 * count);
  std::vector<float> out;
  for (std::size_t i = 0; i < count; ++i) {
    int sum = 0;
    for (std::size_t j = 0; j < 4; ++j) sum += static_cast<signed char>(random[4 * i + j]);
    out.push_back(static_cast<float>(sum) / 256);
  }
  return out;
}

/// K of one head, of `tokens` tokens, whose first channels turn: so many pairs as there are frequencies, of neighbours
/// or of a first and a second half.
std::vector<float> turning(std::size_t tokens, std::size_t head_dim, const std::vector<double>& frequencies,
                           bool is_interleaved) {
  std::vector<float> out = numbers(tokens * head_dim);
  const std::size_t pairs = frequencies.size();
  for (std::size_t i = 0; i < tokens * pairs; ++i) {
    const std::size_t token = i / pairs, pair = i % pairs;
    const double angle = static_cast<double>(token) * frequencies[pair] + static_cast<double>(pair);
    float* const row = &out[token * head_dim];
    row[is_interleaved ? 2 * pair : pair] += static_cast<float>(3 * std::cos(angle));
    row[is_interleaved ? 2 * pair + 1 : pairs + pair] += static_cast<float>(3 * std::sin(angle));
  }
  return out;
}

/// V of one head: each channel has a mean of its own.
std::vector<float> with_means(std::size_t tokens, std::size_t channels) {
  std::vector<float> out = numbers(tokens * channels);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += static_cast<float>(i % channels % 9) - 4;
  return out;
}

/// Base 10^4.
std::vector<double> frequencies(std::size_t rotary_dim) {
  std::vector<double> out;
  for (std::size_t i = 0; i < rotary_dim; i += 2) {
    out.push_back(std::pow(1e4, -static_cast<double>(i) / static_cast<double>(rotary_dim)));
  }
  return out;
}

std::string words(Dtype dtype, const std::vector<float>& values) {
  std::string out;
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t word = dtype == Dtype::f32       ? bits
                               : dtype == Dtype::bf16    ? bits >> 16
                               : dtype == Dtype::f16     ? simd::Half::encode(value)
                               : dtype == Dtype::f8_e4m3 ? simd::E4m3::encode(value)
                                                         : simd::E5m2::encode(value);
    for (unsigned bit = 0; bit < element_bits(dtype); bit += 8) out += static_cast<char>(word >> bit);
  }
  return out;
}

/// Most rows are one of 30, as those of tokens that come again are.
std::vector<float> repeated_rows(std::size_t tokens, std::size_t channels) {
  const std::vector<float> rows = with_means(tokens, channels);
  std::vector<float> out;
  for (std::size_t token = 0; token < tokens; ++token) {
    const std::size_t from = (token % 5 == 0 ? token : token * token % 30) * channels;
    out.insert(out.end(), rows.begin() + static_cast<std::ptrdiff_t>(from),
               rows.begin() + static_cast<std::ptrdiff_t>(from + channels));
  }
  return out;
}

/// Planes of 1280 bytes: zeros, what does not compress, numbers, and one number again and again.
std::string unlike_planes() {
  return std::string(1280, '\0') + noise(1280) + words(Dtype::f8_e4m3, with_means(40, 32)) + std::string(1280, '8');
}

Golden of_head(const std::string& name, const std::string& spec, Dtype dtype, std::size_t head_dim,
               const std::vector<float>& values, const std::string& annotation, std::uint64_t block_bytes = 0) {
  const TensorShape shape = *make_tensor(dtype, std::vector<std::uint64_t>{values.size() / head_dim, 1, head_dim});
  return {name, spec, {}, words(dtype, values), block_bytes, shape, annotation};
}

std::vector<Golden> all_golden() {
  const TensorShape heads = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{10, 3, 10});
  const TensorShape planes = *make_tensor(Dtype::f8_e4m3, std::vector<std::uint64_t>{2, 3, 100}, 1);
  const TensorShape keys = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{128, 1, 64});
  const TensorShape halves = *make_tensor(Dtype::f16, std::vector<std::uint64_t>{40, 1, 80});
  const TensorShape bytes = *make_tensor(Dtype::f8_e4m3, std::vector<std::uint64_t>{2, 40, 2, 48}, 1);
  const TensorShape two_heads = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{96, 2, 64});
  const TensorShape unlike = *make_tensor(Dtype::f8_e4m3, std::vector<std::uint64_t>{4, 40, 1, 32}, 1);
  std::string small_bytes = noise(7680);
  for (char& c : small_bytes) c = static_cast<char>(c & ~0x40);  // none is NaN
  return {
      {"quant", "quant:error=0.12", {}, test::turning_keys(96, 2), 0, two_heads, "rope=halves,theta=10000"},
      {"quant-blocks", "quant:error=0.12", {}, unusual_keys(128), 5120, keys, "rope=halves,theta=10000"},
      {"quant-fine", "quant:error=0.004,rope=none", {}, unusual_keys(128), 0, keys, "rope=none"},
      {"quant-f16", "quant:error=0.05", {}, floats(6400), 0, halves, "rope=none"},
      {"quant-f8", "quant:error=0.3,first=2", {}, small_bytes, 0, bytes, "rope=none"},
      of_head("quant-two-sets-e5m2", "quant:error=0.5", Dtype::f8_e5m2, 64, numbers(66'176), "rope=none"),
      of_head("quant-interleaved", "quant:error=0.12,rotary_dim=32", Dtype::bf16, 64,
              turning(130, 64, frequencies(32), true), "rope=interleaved,theta=10000,rotary_dim=32"),
      of_head("quant-inv-freq-f32", "quant:error=0.12,rope=halves,inv_freq=1/0.5/0.25/0.125", Dtype::f32, 40,
              turning(70, 40, {1, 0.5, 0.25, 0.125}, false), "rope=halves,theta=inv_freq,rotary_dim=8"),
      of_head("quant-halves-f32", "quant:error=0.3", Dtype::f32, 64, turning(100, 64, frequencies(64), false),
              "rope=halves,theta=10000"),  // shows where a wave is not the nearest to a sine
      of_head("tensor-halves-e5m2", "tensor", Dtype::f8_e5m2, 64, turning(128, 64, frequencies(64), false),
              "rotary=1,rope=halves"),
      of_head("tensor-interleaved", "tensor", Dtype::bf16, 64, turning(160, 64, frequencies(64), true),
              "rotary=1,rope=interleaved", 12'800),
      of_head("tensor-halves-f16", "tensor", Dtype::f16, 128, turning(100, 128, frequencies(64), false),
              "rotary=1,rope=halves"),
      of_head("tensor-channels-f32", "tensor", Dtype::f32, 48, with_means(90, 48), "channels=1"),
      of_head("tensor-rows", "tensor", Dtype::bf16, 64, repeated_rows(200, 64), "channels=1,rows=1", 12'800),
      {"tensor-planes-e4m3", "tensor", {}, unlike_planes(), 0, unlike, "channels=1,constant=2,raw=1"},
      {"raw", "raw", {}, counted(700), 0, {}},
      {"raw-empty", "raw", {}, "", 0, {}},
      {"tensor", "tensor", {}, floats(6001), 0, {}, "uniform=1"},
      {"tensor-typed-blocks", "tensor", {}, floats(16384), 5120, keys, "uniform=1"},
      {"lz4", "lz4", {}, counted(700), 0, {}},
      {"lz4-declined", "lz4", {}, noise(300), 0, {}},
      {"lz4-hc-blocks", "lz4:hc=9", {}, counted(700), 256, {}},
      {"zstd", "zstd", {}, counted(700), 0, {}},
      {"zstd-level19", "zstd:level=19", {}, counted(3000), 0, {}},
      {"zstd-typed", "zstd", {}, counted(600), 0, heads},
      {"zstd-blocks-mixed", "zstd", {}, counted(512) + noise(512) + counted(100), 512, {}},
      {"raw-typed", "raw", {}, noise(600), 0, heads},
      {"raw-typed-blocks", "raw", {}, noise(600), 120, planes},
      {"toy-planned-typed-blocks", "", ToyKind::planned, steps(600), 120, planes, "key=48"},
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
    } else {
      EXPECT_EQ(value->text(), expected(golden));
    }
    EXPECT_EQ(reader->summary().annotation, golden.annotation);
    EXPECT_FALSE(reader->summary().stored_raw && !golden.annotation.empty());
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
