// No damage of a frame passes for data, crashes a reader, or makes it allocate what the frame has no right to.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory_resource>
#include <random>

#include "engine/checksum.hpp"
#include "engine/frame_reader.hpp"
#include "tests/support/failing_allocator.hpp"
#include "tests/support/long_run.hpp"
#include "tests/unit/frame_cases.hpp"

namespace cinch {
namespace {

using test::bundled;
using test::Bytes;
using test::FrameCase;
using test::small_frame_cases;
using test::toy;
using test::ToyKind;

constexpr std::string_view key = "kv/layers.3.k";

/// Reads a damaged frame and expects that it is refused as such, at a bounded price.
void expect_corruption(const FrameCase& c, const Bytes& damaged, const std::string& what) {
  const test::AllocationCount allocated;
  const Result<Value> value = c.decode(damaged, key);
  EXPECT_LE(allocated.bytes(), 2 * damaged.size() + 2 * c.value.size() + (std::size_t{64} << 10)) << what;
  ASSERT_FALSE(value) << c.name << ", " << what;
  ASSERT_EQ(value.error().code(), StatusCode::corruption)
      << c.name << ", " << what << ": " << value.error().to_string();
}

/// The small frames, and for each codec some of 4 KiB and 64 KiB. Each was read once, so that its codec has what it
/// needs.
std::vector<FrameCase> all_cases() {
  std::vector<FrameCase> cases = small_frame_cases();
  for (const std::string& spec : test::frame_specs()) {
    cases.push_back(test::tensor_case(spec, 64));
    cases.push_back(test::tensor_case(spec, 1024, std::uint64_t{16} << 10));
    FrameCase text = bundled(spec, test::sample(std::size_t{64} << 10));
    if (text.try_encode(key)) cases.push_back(std::move(text));
  }
  for (const FrameCase& c : cases) EXPECT_TRUE(c.decode(c.encode(key), key)) << c.name;
  return cases;
}

/// 1 for short frames; longer ones have only every so many-eth place damaged, all of them in the long form.
std::size_t step_for(const Bytes& frame) {
  return test::is_long_run() || frame.size() <= 8 << 10 ? 1 : frame.size() / 256 | 1;
}

Bytes first_of(const Bytes& bytes, std::size_t size) {  // in a heap block of that size: reads behind it are seen
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

TEST(FrameDamageTest, EverySingleBitFlipIsDetected) {
  std::size_t flips = 0;
  for (const FrameCase& c : all_cases()) {
    Bytes frame = c.encode(key);
    for (std::size_t bit = 0; bit < frame.size() * 8; bit += step_for(frame)) {
      frame[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
      ASSERT_NO_FATAL_FAILURE(expect_corruption(c, frame, "bit " + std::to_string(bit)));
      frame[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
      ++flips;
    }
  }
  std::printf("%zu flips\n", flips);
}

TEST(FrameDamageTest, EveryTruncationIsDetected) {
  for (const FrameCase& c : all_cases()) {
    const Bytes frame = c.encode(key);
    for (std::size_t size = 0; size < frame.size(); size += step_for(frame)) {
      ASSERT_NO_FATAL_FAILURE(expect_corruption(c, first_of(frame, size), "cut to " + std::to_string(size)));
    }
  }
}

TEST(FrameDamageTest, EveryAppendedByteIsDetected) {
  for (const FrameCase& c : all_cases()) {
    for (const std::byte more : {std::byte{0}, std::byte{0xcf}}) {
      Bytes frame = c.encode(key);
      for (int count = 1; count <= 64; ++count) {
        frame.push_back(more);
        ASSERT_NO_FATAL_FAILURE(expect_corruption(c, frame, std::to_string(count) + " bytes more"));
      }
    }
  }
}

TEST(FrameDamageTest, SectorsThatAreLostOrGarbledAreDetected) {
  std::mt19937 random(11);
  for (const FrameCase& c : all_cases()) {
    const Bytes frame = c.encode(key);
    for (const std::size_t sector : {std::size_t{512}, std::size_t{4096}}) {
      for (std::size_t at = 0; at < frame.size(); at += sector) {
        const auto begin = static_cast<std::ptrdiff_t>(at);
        const auto end = static_cast<std::ptrdiff_t>(std::min(at + sector, frame.size()));
        Bytes zeroed = frame, garbled = frame;
        std::fill(zeroed.begin() + begin, zeroed.begin() + end, std::byte{0});
        std::generate(garbled.begin() + begin, garbled.begin() + end, [&] { return static_cast<std::byte>(random()); });
        for (const Bytes& damaged : {zeroed, garbled}) {
          if (damaged == frame) continue;
          ASSERT_NO_FATAL_FAILURE(expect_corruption(c, damaged, "sector at " + std::to_string(at)));
        }
      }
    }
  }
}

/// What a torn overwrite leaves: the start of one frame and the rest of another, and the same the other way round.
void expect_splices_detected(const FrameCase& c, const Bytes& first, const Bytes& second, std::size_t step) {
  for (std::size_t at = step; at < std::min(first.size(), second.size()); at += step) {
    Bytes spliced = first_of(first, at);
    spliced.insert(spliced.end(), second.begin() + static_cast<std::ptrdiff_t>(at), second.end());
    if (spliced == first || spliced == second) continue;
    const Result<Value> value = c.decode(spliced, key);
    ASSERT_FALSE(value) << c.name << " spliced at " << at;
  }
}

TEST(FrameDamageTest, SplicesOfTwoFramesAreDetected) {
  const std::vector<FrameCase> cases = small_frame_cases();
  for (std::size_t i = 0; i + 1 < cases.size(); ++i) {
    const Bytes first = cases[i].encode(key), second = cases[i + 1].encode(key);
    ASSERT_NO_FATAL_FAILURE(expect_splices_detected(cases[i], first, second, 1));
  }
  for (const std::string& spec : test::frame_specs()) {  // two values of one key, of the same length
    const FrameCase c = test::tensor_case(spec, 1024, std::uint64_t{16} << 10, 1);
    const Bytes first = c.encode(key), second = test::tensor_case(spec, 1024, std::uint64_t{16} << 10, 2).encode(key);
    ASSERT_NO_FATAL_FAILURE(expect_splices_detected(c, first, second, 512));
    ASSERT_NO_FATAL_FAILURE(expect_splices_detected(c, second, first, 512));
  }
}

TEST(FrameDamageTest, AFrameIsReadUnderItsOwnKeyAlone) {
  std::vector<std::string> keys = {"", std::string(1, '\0'), "kv/layers.3.k ", "KV/layers.3.k"};
  while (keys.size() < 1000) keys.push_back("kv/layers." + std::to_string(keys.size()) + ".k");
  std::size_t served = 0;
  for (const std::string& spec : test::frame_specs()) {
    FrameCase c = bundled(spec, test::sample(300));
    if (!c.try_encode(key)) c = test::tensor_case(spec, 8);
    const std::size_t owners = spec == "raw" && test::is_long_run() ? keys.size() : 100;
    for (std::size_t owner = 0; owner < owners; ++owner) {
      const Value frame = Value::own(c.encode(keys[owner]));
      for (const std::string& other : keys) {
        const Result<FrameReader> reader = FrameReader::open(frame, other, 1 << 20);
        if (other == keys[owner]) {
          ASSERT_TRUE(reader) << reader.status().to_string();
        } else if (reader) {
          ++served;
        }
      }
    }
  }
  EXPECT_EQ(served, 0u);
}

/// The frame with another format in its summary, and all checksums right.
Bytes with_format(const Bytes& frame, const FormatId& format) {
  FrameSummary summary = *parse_summary(frame, key);
  const std::size_t rest = summary.summary_bytes;
  summary.format = format;
  std::pmr::vector<std::byte> head;
  write_summary(summary, key, head);
  Bytes out(head.begin(), head.end());
  out.insert(out.end(), frame.begin() + static_cast<std::ptrdiff_t>(rest), frame.end());
  return out;
}

TEST(FrameDamageTest, AFrameOfAnotherFormatOrVersionGivesNoWrongBytes) {
  for (const FrameCase& c : all_cases()) {
    const Bytes frame = c.encode(key);
    const Result<FrameSummary> summary = parse_summary(frame, key);
    ASSERT_TRUE(summary);
    if (summary->stored_raw) continue;  // names a codec and does not use it
    const Value right = c.decode(frame, key).value();
    std::vector<FormatId> formats;
    const FormatId own = summary->format;
    for (const int major : {0, own.major - 1, own.major + 1, 0xffff}) {
      formats.push_back({own.name, static_cast<std::uint16_t>(major), own.minor, own.parameters});
    }
    formats.push_back({own.name, own.major, static_cast<std::uint16_t>(own.minor + 1), own.parameters});
    formats.push_back({own.name, own.major, own.minor, "level=99"});
    formats.push_back({own.name, own.major, own.minor, std::string("\0=,,", 4)});
    for (const ProviderInfo& other : c.codecs.providers())
      formats.push_back({other.format, other.major, other.minor, ""});
    formats.push_back({"not.there", 1, 0, ""});
    for (const FormatId& format : formats) {
      const Result<Value> value = c.decode(with_format(frame, format), key);
      if (value) {
        EXPECT_TRUE(std::ranges::equal(value->bytes(), right.bytes())) << c.name << " as " << format.spec();
      }
    }
  }
}

Bytes with_version(Bytes frame, int version, std::uint64_t summary_bytes) {
  frame[3] = static_cast<std::byte>(version);
  const std::uint64_t sum = checksum_for_key(ByteView(frame).first(summary_bytes - 8), key);
  std::memcpy(frame.data() + summary_bytes - 8, &sum, sizeof sum);
  return frame;
}

TEST(FrameDamageTest, AnotherVersionOfTheFrameIsNotReadAsThisOne) {
  for (const FrameCase& c : small_frame_cases()) {
    const Bytes frame = c.encode(key);
    const std::uint64_t length = parse_summary(frame, key)->summary_bytes;
    for (int version = 0; version < 256; ++version) {
      if (version == 1) continue;
      Bytes damaged = frame;
      damaged[3] = static_cast<std::byte>(version);
      const Result<Value> unread = c.decode(damaged, key);
      ASSERT_FALSE(unread);
      EXPECT_EQ(unread.error().code(), StatusCode::corruption);
      if (version == 0) continue;
      const Result<Value> refused = c.decode(with_version(frame, version, length), key);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code(), StatusCode::incompatible);
    }
  }
}

TEST(FrameDamageTest, AFrameOfVersion0IsRead) {
  for (const FrameCase& c : small_frame_cases()) {
    const Bytes frame = c.encode(key);
    const Result<Value> value = c.decode(with_version(frame, 0, parse_summary(frame, key)->summary_bytes), key);
    ASSERT_TRUE(value) << value.status().to_string();
    EXPECT_TRUE(std::ranges::equal(value->bytes(), c.decode(frame, key)->bytes()));
  }
}

TEST(FrameDamageTest, ACodecThatDecodesOneByteInAMillionWrongIsCaughtEveryTime) {
  const FrameCase c = toy(ToyKind::decodes_wrong_rarely, test::runs(400'000));
  const Bytes frame = c.encode(key);
  constexpr std::uint64_t reads = 250;
  std::uint64_t caught = 0;
  for (std::uint64_t read = 0; read < reads; ++read) {
    const Result<Value> value = c.decode(frame, key);
    if (value) {
      ASSERT_TRUE(std::ranges::equal(value->bytes(), c.value)) << read;
    } else {
      ASSERT_EQ(value.error().code(), StatusCode::codec_misbehaved);
      ++caught;
    }
  }
  EXPECT_EQ(caught, reads * c.value.size() / test::rarely);
}

TEST(FrameDamageTest, ACodecThatEncodesOneByteInAMillionWrongIsCaughtAtWriteOrAtRead) {
  for (const bool verified : {false, true}) {
    const FrameCase c = toy(ToyKind::encodes_wrong_rarely, test::runs(400'000));
    EncodeOptions options;
    options.verify_writes = verified;
    std::uint64_t caught = 0;
    for (int write = 1; write <= 250; ++write) {
      const Result<EncodedFrame> encoded = encode_frame(c.value, key, *c.codec, c.codecs, options);
      if (!encoded) {
        ASSERT_TRUE(verified);
        ASSERT_EQ(encoded.error().code(), StatusCode::codec_misbehaved) << encoded.error().to_string();
        EXPECT_GE(write, 3) << "the third value is the first that is encoded wrong; then the codec is switched off";
        ++caught;
        continue;
      }
      Bytes frame(encoded->stored_bytes());
      ValueParts(encoded->parts()).copy_to(frame.data());
      const Result<Value> value = c.decode(frame, key);
      if (!value) {
        ASSERT_FALSE(verified) << "a value that was verified when it was written";
        ASSERT_EQ(value.error().code(), StatusCode::codec_misbehaved) << value.error().to_string();
        ++caught;
      } else {
        ASSERT_TRUE(std::ranges::equal(value->bytes(), c.value));
      }
    }
    EXPECT_EQ(caught, verified ? 248u : 100u);
  }
}

}  // namespace
}  // namespace cinch
