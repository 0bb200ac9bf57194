#include "cinch/compression.hpp"

#include <gtest/gtest.h>

namespace cinch {
namespace {

std::string repeated_words(std::size_t size) {
  std::string out;
  while (out.size() < size) out += "the same words again and again, ";
  return out.substr(0, size);
}

class CompressionTest : public testing::TestWithParam<Compression> {};

TEST_P(CompressionTest, DataComeBackSmaller) {
  const std::string data = repeated_words(100000);
  const auto packed = compress(GetParam(), as_bytes(data));
  ASSERT_TRUE(packed) << packed.status().to_string();
  EXPECT_LT(packed->size(), data.size() / 10);
  EXPECT_EQ(as_text(*decompress(*packed)), data);
}

TEST_P(CompressionTest, TheEmptyValueComesBack) {
  const auto packed = compress(GetParam(), {});
  ASSERT_TRUE(packed);
  EXPECT_TRUE(decompress(*packed)->empty());
}

TEST_P(CompressionTest, EveryFlippedBitOfASmallOneIsRefused) {
  auto packed = *compress(GetParam(), as_bytes(repeated_words(500)));
  for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
    packed[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    ASSERT_EQ(decompress(packed).status().code(), StatusCode::corruption) << bit;
    packed[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
  }
}

TEST_P(CompressionTest, MoreThanTheLimitIsRefused) {
  const auto packed = *compress(GetParam(), as_bytes(repeated_words(1000)));
  EXPECT_EQ(decompress(packed, default_registry(), 999).status().code(), StatusCode::too_large);
}

TEST_P(CompressionTest, ItsNameIsReadBackInAnyCase) { EXPECT_EQ(parse_compression(as_str(GetParam())), GetParam()); }

INSTANTIATE_TEST_SUITE_P(Bundled, CompressionTest, testing::Values(Compression::lz4, Compression::zstd),
                         [](const auto& test) { return std::string(as_str(test.param)); });

TEST(CompressionNameTest, OtherNamesAreNone) {
  EXPECT_EQ(parse_compression("LZ4"), Compression::lz4);
  EXPECT_EQ(parse_compression("Zstd"), Compression::zstd);
  EXPECT_EQ(parse_compression("lz"), std::nullopt);
  EXPECT_EQ(parse_compression(""), std::nullopt);
}

TEST(CompressionNameTest, ARegistryWithoutTheCodecSaysSo) {
  EXPECT_EQ(compress(Compression::lz4, {}, CodecRegistry()).status().code(), StatusCode::invalid_argument);
}

}  // namespace
}  // namespace cinch
