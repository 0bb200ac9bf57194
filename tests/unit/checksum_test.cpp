#include "engine/checksum.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/payloads.hpp"

namespace cinch {
namespace {

/// Values of libxxhash 0.8.1: of nothing, of a short and of a long input.
TEST(ChecksumTest, IsXxh3) {
  std::vector<std::byte> bytes(2048);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  for (const Vectors vectors : {Vectors::narrow, Vectors::wide}) {
    EXPECT_EQ(checksum({}, vectors), 0x2d06800538d394c2u);
    EXPECT_EQ(checksum(as_bytes("cinch"), vectors), 0xbf79af0bed397f90u);
    EXPECT_EQ(checksum(bytes, vectors), 0xdd420471ff96bd00u);
  }
}

TEST(ChecksumTest, IsTheSameWhateverComputesIt) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "this processor has one way to compute it";
#endif
  const std::vector<std::byte> bytes = test::make_payload(test::PayloadKind::random, 300'000, 1);
  const auto expect_same = [](ByteView part) {
    const std::uint64_t narrow = seeded_checksum(part, 0);  // on every processor
    ASSERT_EQ(narrow, checksum(part, Vectors::narrow)) << part.size();
    ASSERT_EQ(narrow, checksum(part, Vectors::wide)) << part.size();
  };
  const ByteView all(bytes);
  for (std::size_t size = 0; size <= 4'000; ++size) ASSERT_NO_FATAL_FAILURE(expect_same(all.subspan(size % 67, size)));
  for (std::size_t size = 4'001; size < all.size(); size += size / 3) {
    ASSERT_NO_FATAL_FAILURE(expect_same(all.first(size)));
  }
}

TEST(ChecksumTest, OfAHeadHasTheChecksumOfItsKeyForASeed) {
  const ByteView head = as_bytes("head");
  EXPECT_EQ(checksum_for_key(head, "a"), seeded_checksum(head, checksum(as_bytes("a"))));
  EXPECT_EQ(seeded_checksum(head, 0), checksum(head));
  EXPECT_EQ(seeded_checksum(head, 1), 0xfe67ca5fec994ce5u);
  EXPECT_EQ(checksum_for_key(head, "a"), checksum_for_key(head, "a"));
  EXPECT_NE(checksum_for_key(head, "a"), checksum_for_key(head, "b"));
  EXPECT_NE(checksum_for_key(head, ""), checksum_for_key(head, "b"));
}

}  // namespace
}  // namespace cinch
