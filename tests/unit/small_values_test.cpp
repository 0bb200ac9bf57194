// What sets and gets allocate: values under 4 KiB nothing but the entry, longer ones nothing twice.
#include <gtest/gtest.h>

#include "backends/memory/memory_kv_store.hpp"
#include "cinch/buffer_pool.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "tests/support/failing_allocator.hpp"

namespace cinch {
namespace {

class SmallValuesTest : public testing::TestWithParam<std::size_t> {
 protected:
  static CompressedKvStore store(std::string_view codec) {
    return {std::make_shared<MemoryKvStore>(), *default_registry().codec(codec)};
  }

  /// Allocations of one call, once everything that is made at the first use is there.
  template <class Call>
  static std::size_t allocations_of(Call&& call) {
    call();
    const test::AllocationCount count;
    call();
    return count.calls();
  }

  std::string value() const {
    std::string text;
    for (int i = 0; text.size() < GetParam(); ++i) text += "line " + std::to_string(i) + " that compresses\n";
    return text.substr(0, GetParam());
  }
};

TEST_P(SmallValuesTest, ASetAllocatesTheEntryAtMost) {
  for (const char* codec : {"raw", "lz4", "zstd:level=1"}) {
    CompressedKvStore kv = store(codec);
    const std::string text = value();
    EXPECT_LE(allocations_of([&] { ASSERT_TRUE(kv.set("user:1", text).ok()); }), 1u) << codec;
  }
}

TEST_P(SmallValuesTest, ASecondSetTakesThePlaceOfTheFirst) {
  CompressedKvStore kv = store("raw");
  ASSERT_TRUE(kv.set("user:1", value()).ok());
  ASSERT_TRUE(kv.set("user:1", value()).ok());  // now the thread keeps what the first one was in
  const std::string text = value();
  EXPECT_EQ(allocations_of([&] { ASSERT_TRUE(kv.set("user:1", text).ok()); }), 0u);
}

TEST_P(SmallValuesTest, AGetAllocatesNothing) {
  for (const char* codec : {"raw", "lz4", "zstd:level=1"}) {
    CompressedKvStore kv = store(codec);
    ASSERT_TRUE(kv.set("user:1", value()).ok());
    EXPECT_EQ(allocations_of([&] { ASSERT_EQ((*kv.get("user:1"))->size(), GetParam()); }), 0u) << codec;
  }
}

TEST_P(SmallValuesTest, GetIntoAllocatesNothing) {
  for (const char* codec : {"raw", "lz4", "zstd:level=1"}) {
    CompressedKvStore kv = store(codec);
    ASSERT_TRUE(kv.set("user:1", value()).ok());
    std::vector<std::byte> to(GetParam());
    EXPECT_EQ(allocations_of([&] { ASSERT_TRUE(kv.get_into("user:1", to)); }), 0u) << codec;
    EXPECT_EQ(as_text(to), value());
  }
}

TEST_P(SmallValuesTest, ThePoolOfBuffersIsNotTouched) {
  const std::uint64_t before = pooled_bytes();
  CompressedKvStore kv = store("zstd");
  ASSERT_TRUE(kv.set("user:1", value()).ok());
  ASSERT_TRUE(kv.get("user:1"));
  EXPECT_EQ(pooled_bytes(), before);
}

TEST(LargeValuesTest, TheStoreKeepsTheFrameThatItsBlocksWereEncodedTo) {
  std::string text;
  for (int i = 0; text.size() < (std::size_t{4} << 20); ++i)
    text += std::to_string(1000000 + i * 7919 % 999983) + " and so on; ";
  CompressedKvStore kv(std::make_shared<MemoryKvStore>(), *default_registry().codec("lz4"));
  ASSERT_TRUE(kv.set("other", text).ok());  // what is made once is there
  const test::AllocationCount count;
  ASSERT_TRUE(kv.set("key", text).ok());
  const std::uint64_t stored = kv.inspect("key").value()->stored_bytes;
  ASSERT_LT(stored, text.size() / 2);
  // What the blocks are put together in is asked for twice: first a little too much, then what it takes.
  EXPECT_LT(count.bytes(), 5 * stored / 2);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SmallValuesTest, testing::Values(1, 100, 1024, 4095));

}  // namespace
}  // namespace cinch
