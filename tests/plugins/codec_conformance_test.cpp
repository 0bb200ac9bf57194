// What every codec of bytes has to do, for each bundled one with its default parameters and for a few others. Lossy
// ones give back other bytes, those that need a shape take no bytes alone: they have tests of their own.
#include <gmock/gmock.h>
#include <sys/mman.h>

#include <algorithm>

#include "tests/plugins/test_plugins.hpp"
#include "tests/support/payloads.hpp"

namespace cinch::test {
namespace {

constexpr std::byte guard{0xa7};
constexpr std::size_t guard_bytes = 64;

bool is_guard(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == guard; });
}

std::vector<std::string> specs() {
  std::vector<std::string> out = bundled_codecs();
  std::erase_if(out, [](const std::string& name) {
    const auto codec = default_registry().codec(name);  // one that is not there fails its tests
    return codec && ((*codec)->traits().lossy || (*codec)->traits().needs_shape);
  });
  out.insert(out.end(),
             {"lz4:acceleration=8", "lz4:hc=4", "lz4:hc=12", "zstd:level=-7", "zstd:level=19", "zstd:level=1,long=24"});
  return out;
}

class CodecConformanceTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_NE(codec_, nullptr); }

  bool is_slow() const { return GetParam() == "lz4:hc=12" || GetParam() == "zstd:level=19"; }

  /// Encodes into exactly the bound and decodes into exactly the length, with guard bytes behind both.
  void expect_round_trip(ByteView value, const std::string& what) {
    const Result<std::size_t> bound = codec_->bound(value.size(), nullptr);
    ASSERT_TRUE(bound.has_value()) << what;
    std::vector<std::byte> to(*bound + guard_bytes, guard);
    const auto length = codec_->compress({}, nullptr, value, MutableBytes(to).first(*bound));
    ASSERT_TRUE(length.has_value()) << what << ": " << length.status().to_string();
    EXPECT_TRUE(is_guard(MutableBytes(to).subspan(*bound))) << what;
    if (!*length) return;
    EXPECT_LT(**length, value.size()) << what << ": not declined, though it does not pay";
    const std::vector<std::byte> encoded(to.begin(), to.begin() + static_cast<std::ptrdiff_t>(**length));
    std::vector<std::byte> back(value.size() + guard_bytes, guard);
    const Status status = codec_->decompress({}, nullptr, encoded, MutableBytes(back).first(value.size()));
    ASSERT_TRUE(status.ok()) << what << ": " << status.to_string();
    EXPECT_TRUE(std::equal(value.begin(), value.end(), back.begin())) << what;
    EXPECT_TRUE(is_guard(MutableBytes(back).subspan(value.size()))) << what;
  }

  /// Decodes damaged bytes: whatever comes of it, nothing is written outside and nothing crashes.
  Status decode_damaged(ByteView encoded, std::size_t size) {
    const std::vector<std::byte> exact(encoded.begin(), encoded.end());  // reads beyond it are seen by a sanitizer
    std::vector<std::byte> back(size + guard_bytes, guard);
    Status status = codec_->decompress({}, nullptr, exact, MutableBytes(back).first(size));
    EXPECT_TRUE(is_guard(MutableBytes(back).subspan(size)));
    return status;
  }

  std::shared_ptr<const Codec> codec_ = codec_of(default_registry(), GetParam());
};

/// With a value that the codec makes smaller.
class CodecConformanceShrinkTest : public CodecConformanceTest {
 protected:
  void SetUp() override {
    CodecConformanceTest::SetUp();
    if (codec_ && fitting(700).empty()) GTEST_SKIP() << "declines every kind of value that there is here";
  }

  /// About `size` bytes of what this codec is for: text; numbers, which it takes more of to get smaller; or less.
  std::vector<std::byte> fitting(std::size_t size) const {
    for (const PayloadKind kind : {PayloadKind::text, PayloadKind::floats, PayloadKind::ramp, PayloadKind::zeros}) {
      const std::size_t times = kind == PayloadKind::floats ? 4 : 1;
      if (encode(*codec_, make_payload(kind, times * 700))) return make_payload(kind, times * size);
    }
    return {};
  }
};

TEST_P(CodecConformanceTest, RoundTripsEveryKindAndSize) {
  for (const PayloadKind kind : all_payload_kinds) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{15}, std::size_t{16},
                                   std::size_t{255}, std::size_t{4095}, std::size_t{4096}, std::size_t{65535},
                                   std::size_t{65536}, std::size_t{65537}, std::size_t{262144}, std::size_t{1} << 20}) {
      const std::vector<std::byte> value = make_payload(kind, size);
      expect_round_trip(value, std::string(to_string(kind)) + " " + std::to_string(size));
    }
  }
}

TEST_P(CodecConformanceTest, RoundTripsSmallSizesWithoutGaps) {
  const std::vector<std::byte> text = make_payload(PayloadKind::text, 600);
  for (std::size_t size = 0; size < text.size(); ++size) {
    expect_round_trip(ByteView(text).first(size), "text " + std::to_string(size));
  }
}

TEST_P(CodecConformanceTest, RoundTrips16MiB) {
  for (const PayloadKind kind : {PayloadKind::zeros, PayloadKind::json}) {
    if (is_slow() && kind != PayloadKind::zeros) continue;
    expect_round_trip(make_payload(kind, std::size_t{16} << 20), std::string(to_string(kind)));
  }
}

TEST_P(CodecConformanceTest, RoundTripsFromAndToUnalignedAddresses) {
  const std::vector<std::byte> text = make_payload(PayloadKind::text, 10'016);
  for (std::size_t offset = 0; offset < 16; ++offset) {
    expect_round_trip(ByteView(text).subspan(offset, 10'000), "offset " + std::to_string(offset));
  }
}

TEST_P(CodecConformanceTest, RoundTripsRealTensors) {
  const std::optional<std::string> path = real_tensor_file("chat-1024");
  if (!path) GTEST_SKIP() << "no real tensors here: ../shared/data/chat-1024.safetensors is missing";
  for (const char* tensor : {"layers.0.k", "layers.0.v", "layers.29.k"}) {
    const std::vector<std::byte> value = read_tensor(*path, tensor);
    ASSERT_EQ(value.size(), 1024u * 3 * 64 * 2) << tensor;
    expect_round_trip(value, tensor);
  }
}

TEST_P(CodecConformanceShrinkTest, ShrinksWhatItIsFor) {
  const std::vector<std::byte> text = fitting(65536);
  const auto encoded = encode(*codec_, text);
  ASSERT_TRUE(encoded.has_value());
  EXPECT_LT(encoded->size(), text.size() * 3 / 4);
}

TEST_P(CodecConformanceTest, DeclinesNoise) {
  EXPECT_FALSE(encode(*codec_, make_payload(PayloadKind::random, 4096)).has_value());
}

TEST_P(CodecConformanceTest, DeclinesTheEmptyValueAtNullPointers) {
  const Result<std::size_t> bound = codec_->bound(0, nullptr);
  ASSERT_TRUE(bound.has_value());
  std::vector<std::byte> to(*bound);
  const auto length = codec_->compress({}, nullptr, ByteView(), to);
  ASSERT_TRUE(length.has_value()) << length.status().to_string();
  EXPECT_FALSE(length->has_value());
}

TEST_P(CodecConformanceTest, RefusesEmptyInputForBytes) {
  std::vector<std::byte> to(10);
  EXPECT_EQ(codec_->decompress({}, nullptr, ByteView(), to).code(), StatusCode::corruption);
}

TEST_P(CodecConformanceShrinkTest, EncodesEqualBytesEqually) {
  if (!codec_->traits().deterministic) GTEST_SKIP() << "makes no such promise";
  const std::vector<std::byte> value = fitting(200'000);
  const auto first = encode(*codec_, value);
  encode(*codec_, make_payload(PayloadKind::json, 300'000));  // leaves its traces in the context
  EXPECT_EQ(encode(*codec_, value), first);
}

TEST_P(CodecConformanceTest, RefusesLessRoomThanItsBound) {
  const std::vector<std::byte> text = make_payload(PayloadKind::text, 1000);
  std::vector<std::byte> to(*codec_->bound(text.size(), nullptr) - 1);
  EXPECT_EQ(codec_->compress({}, nullptr, text, to).status().code(), StatusCode::invalid_argument);
}

TEST_P(CodecConformanceTest, BoundNeverShrinksAsSizesGrow) {
  std::size_t last = 0;
  for (std::size_t size = 1; size < (std::size_t{1} << 33); size += size / 7 + 1) {
    const Result<std::size_t> bound = codec_->bound(size, nullptr);
    ASSERT_TRUE(bound.has_value());
    ASSERT_GE(*bound, last) << size;
    last = *bound;
  }
}

TEST_P(CodecConformanceTest, BoundOverflowsWithAnError) {
  for (const std::size_t size : {SIZE_MAX, SIZE_MAX - 7, SIZE_MAX / 2}) {
    EXPECT_EQ(codec_->bound(size, nullptr).status().code(), StatusCode::too_large) << size;
  }
}

TEST_P(CodecConformanceShrinkTest, RefusesEveryTruncation) {
  const std::vector<std::byte> value = fitting(2000);
  const auto encoded = encode(*codec_, value);
  ASSERT_TRUE(encoded.has_value());
  for (std::size_t size = 0; size < encoded->size(); ++size) {
    EXPECT_EQ(decode_damaged(ByteView(*encoded).first(size), value.size()).code(), StatusCode::corruption) << size;
  }
}

/// It is the engine's to know the length, and to notice a wrong one; some codecs do, too.
TEST_P(CodecConformanceShrinkTest, SurvivesAWrongLength) {
  const std::string& name = codec_->format().name;
  const bool notices = name == "lz4" || name == "zstd" || name == "tensor";
  const std::vector<std::byte> value = fitting(2000);
  const auto encoded = encode(*codec_, value);
  ASSERT_TRUE(encoded.has_value());
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, value.size() / 2, value.size() - 1, value.size() + 1,
                                 value.size() * 2, std::size_t{1} << 20}) {
    const Status status = decode_damaged(*encoded, size);
    EXPECT_TRUE(status.code() == StatusCode::corruption || (status.ok() && !notices))
        << size << ": " << status.to_string();
  }
}

TEST_P(CodecConformanceShrinkTest, RefusesBytesBehindItsOwn) {
  const std::vector<std::byte> value = fitting(2000);
  auto encoded = encode(*codec_, value);
  ASSERT_TRUE(encoded.has_value());
  encoded->resize(encoded->size() + 20);
  EXPECT_EQ(decode_damaged(*encoded, value.size()).code(), StatusCode::corruption);
}

TEST_P(CodecConformanceShrinkTest, SurvivesEverySingleBitFlip) {
  const std::vector<std::byte> value = fitting(700);
  auto encoded = encode(*codec_, value);
  ASSERT_TRUE(encoded.has_value());
  for (std::size_t bit = 0; bit < encoded->size() * 8; ++bit) {
    (*encoded)[bit / 8] ^= std::byte{1} << (bit % 8);
    const Status status = decode_damaged(*encoded, value.size());
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::corruption) << "bit " << bit << ": " << status.to_string();
    (*encoded)[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

TEST_P(CodecConformanceTest, SurvivesNoise) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const std::vector<std::byte> noise = make_payload(PayloadKind::random, seed * 3, seed);
    const Status status = decode_damaged(noise, 5000);
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::corruption) << seed << ": " << status.to_string();
  }
}

TEST_P(CodecConformanceShrinkTest, WorksOnAfterAFailure) {
  const std::vector<std::byte> value = fitting(2000);
  const auto encoded = encode(*codec_, value);
  ASSERT_TRUE(encoded.has_value());
  EXPECT_FALSE(decode_damaged(ByteView(*encoded).first(encoded->size() / 2), value.size()).ok());
  expect_round_trip(value, "after a failure");
}

std::string name_of(const ::testing::TestParamInfo<std::string>& param) {
  std::string name = param.param;
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Each, CodecConformanceTest, ::testing::ValuesIn(specs()), name_of);
INSTANTIATE_TEST_SUITE_P(Each, CodecConformanceShrinkTest, ::testing::ValuesIn(specs()), name_of);

TEST(Lz4CodecTest, DeclinesBlocksBeyondItsLimit) {
  const auto codec = codec_of(default_registry(), "lz4");
  constexpr std::size_t size = std::size_t{0x7e000000} + 1;
  const std::size_t bound = *codec->bound(size, nullptr);
  // Address space without memory: neither side may be touched.
  void* space = mmap(nullptr, size + bound, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(space, MAP_FAILED);
  auto* bytes = static_cast<std::byte*>(space);
  const auto length = codec->compress({}, nullptr, {bytes, size}, {bytes + size, bound});
  EXPECT_TRUE(length.has_value() && !length->has_value()) << length.status().to_string();
  munmap(space, size + bound);
}

TEST(ZstdCodecTest, LongFindsWhatIsFurtherAwayThanTheLevelsWindow) {
  const std::vector<std::byte> half = make_payload(PayloadKind::random, std::size_t{4} << 20);
  std::vector<std::byte> twice = half;
  twice.insert(twice.end(), half.begin(), half.end());
  EXPECT_FALSE(encode(*codec_of(default_registry(), "zstd:level=1"), twice).has_value());
  const auto encoded = encode(*codec_of(default_registry(), "zstd:level=1,long=23"), twice);
  ASSERT_TRUE(encoded.has_value());
  EXPECT_LT(encoded->size(), half.size() * 11 / 10);
}

TEST(Lz4CodecTest, NoiseThatRepeatsSoonIsNotTakenForNoise) {
  const std::vector<std::byte> noise = make_payload(PayloadKind::random, 3 << 10);
  std::vector<std::byte> repeated;
  for (int i = 0; i < 27; ++i) repeated.insert(repeated.end(), noise.begin(), noise.end());
  EXPECT_FALSE(encode(*codec_of(default_registry(), "lz4"), make_payload(PayloadKind::random, 81 << 10)).has_value());
  EXPECT_TRUE(encode(*codec_of(default_registry(), "lz4"), repeated).has_value());
}

TEST(Lz4CodecTest, NoiseAroundAFewEqualBytesIsNotTakenForNoise) {
  for (const std::size_t record : {16u, 24u, 32u, 64u}) {
    std::vector<std::byte> records = make_payload(PayloadKind::random, 256 << 10);
    for (std::size_t at = 0; at + record <= records.size(); at += record) std::fill_n(&records[at], 6, std::byte{'='});
    EXPECT_TRUE(encode(*codec_of(default_registry(), "lz4"), records).has_value()) << record;
  }
}

TEST(ZstdCodecTest, SlowLevelsTellNoiseFromNoiseThatRepeats) {
  const std::vector<std::byte> noise = make_payload(PayloadKind::random, 256 << 10);
  std::vector<std::byte> repeated;
  for (int i = 0; i < 16; ++i) repeated.insert(repeated.end(), noise.begin(), noise.begin() + (16 << 10));
  for (const char* spec : {"zstd:level=3", "zstd:level=9", "zstd:level=19"}) {
    EXPECT_FALSE(encode(*codec_of(default_registry(), spec), noise).has_value()) << spec;
    const auto encoded = encode(*codec_of(default_registry(), spec), repeated);
    ASSERT_TRUE(encoded.has_value()) << spec;
    EXPECT_LT(encoded->size(), std::size_t{20} << 10) << spec;
  }
}

TEST(ZstdCodecTest, RefusesAWindowBeyondTheBlock) {
  const auto codec = codec_of(default_registry(), "zstd");
  const std::vector<std::byte> zeros = make_payload(PayloadKind::zeros, 2000);
  auto encoded = encode(*codec, zeros);
  ASSERT_TRUE(encoded.has_value());
  (*encoded)[1] = std::byte{17 << 3};  // the window descriptor: 2^27 bytes
  std::vector<std::byte> back(zeros.size());
  EXPECT_EQ(codec->decompress({}, nullptr, *encoded, back).code(), StatusCode::corruption);
}

}  // namespace
}  // namespace cinch::test
