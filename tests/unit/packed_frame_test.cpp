#include "engine/packed_frame.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "backends/memory/memory_kv_store.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "tests/support/payloads.hpp"

namespace cinch {
namespace {

TEST(PackedFrameTest, BlocksFollowTheHead) {
  PackedFrame frame(16);
  frame.append(as_bytes("one "), 10, 30);
  frame.append(as_bytes("two "), 20, 30);
  frame.append(as_bytes("three"), 30, 30);
  EXPECT_EQ(as_text(frame.blocks()), "one two three");
  EXPECT_TRUE(frame.take_with_head(as_bytes("a head that is too long")).empty());
  EXPECT_EQ(frame.take_with_head(as_bytes("head: ")).text(), "head: one two three");
}

TEST(PackedFrameTest, BlocksOfNothingTakeNoMemoryAndMakeNoValue) {
  PackedFrame frame(16);
  frame.append({}, 10, 20);
  frame.append({}, 20, 20);
  frame.shrink();
  EXPECT_TRUE(frame.blocks().empty());
  EXPECT_TRUE(frame.take_with_head(as_bytes("head: ")).empty());
}

TEST(PackedFrameTest, TheValueOutlivesIt) {
  const std::string block(100000, 'x');
  Value value;
  {
    PackedFrame frame(1);
    frame.append(as_bytes(block), 1, 10);
    frame.shrink();
    value = frame.take_with_head(as_bytes("h"));
  }
  EXPECT_EQ(value.text(), "h" + block);
  EXPECT_LT(value.owner()->held_bytes(), block.size() + 100);
}

TEST(PackedFrameTest, GrowsForBlocksThatAreLongerThanTheFirst) {
  PackedFrame frame(0);
  std::string expected;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    expected += std::string(i * i, static_cast<char>('a' + i));
    frame.append(as_bytes(expected).subspan(expected.size() - i * i), i, 20);
  }
  EXPECT_EQ(as_text(frame.blocks()), expected);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which keep what is given back
/// The most memory that the process had at once, from now on. False: this kernel does not tell.
bool forget_peak() { return static_cast<bool>(std::ofstream("/proc/self/clear_refs") << "5" << std::flush); }

std::size_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) << 10;
  }
  return 0;
}

TEST(PackedFrameTest, GrowsWithoutACopyOfWhatIsLong) {
  constexpr std::size_t mebibyte = 1 << 20;
  const std::string block(mebibyte, 'x');
  if (!forget_peak()) GTEST_SKIP() << "the kernel does not tell";
  const std::size_t before = peak_bytes();
  PackedFrame frame(0);  // of 120 MiB, it seems, until the second half takes twice as much as the first
  for (std::uint64_t i = 1; i <= 160; ++i) frame.append(as_bytes(block), i <= 80 ? i : 80 + (i - 80) / 2, 120);
  EXPECT_EQ(frame.blocks().size(), 160 * mebibyte);
  EXPECT_LT(peak_bytes() - before, 200 * mebibyte);
}
#endif

/// Values whose blocks have little in common: zeros, JSON, noise, in an order of their own.
std::vector<std::byte> mixed(const char* order) {
  std::vector<std::byte> out;
  for (const char* kind = order; *kind; ++kind) {
    const auto part = *kind == 'j'   ? test::make_payload(test::PayloadKind::json, 4096, out.size())
                      : *kind == 'n' ? test::make_payload(test::PayloadKind::random, 4096, out.size())
                                     : std::vector<std::byte>(4096);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

class PackedValuesTest : public testing::TestWithParam<std::tuple<const char*, unsigned>> {};

TEST_P(PackedValuesTest, ComeBackWhateverTheirBlocks) {
  const auto& [order, threads] = GetParam();
  CompressedOptions options;
  options.block_bytes = 4096;
  if (threads > 1) options.workers = std::make_shared<WorkerPool>(threads);
  CompressedKvStore kv(std::make_shared<MemoryKvStore>(), *default_registry().codec("lz4"), options);
  const std::vector<std::byte> value = mixed(order);
  for (int turn = 0; turn < 20; ++turn) {
    ASSERT_TRUE(kv.set("k", value).ok());
    const GetResult found = kv.get("k");
    ASSERT_TRUE(found.has_value() && found->has_value());
    ASSERT_EQ(as_text((*found)->bytes()), as_text(value));
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, PackedValuesTest,
                         testing::Combine(testing::Values("jjjjjjjj", "zjjjjjjj", "jzzzzzzz", "njjjjjjn", "jnjnjnjn",
                                                          "nnnnnnnn", "nnnnjjjj"),
                                          testing::Values(1u, 4u)));

}  // namespace
}  // namespace cinch
