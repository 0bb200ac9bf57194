// Parts of values: which bytes come back, and which blocks are looked at for them.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>

#include "cinch/backend_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "tests/support/payloads.hpp"

namespace cinch {
namespace {

class RangesTest : public testing::Test {
 protected:
  CompressedKvStore make_store(const char* spec, std::uint64_t block_bytes, unsigned threads = 1) {
    CompressedOptions options;
    options.block_bytes = block_bytes;
    options.workers = std::make_shared<WorkerPool>(threads);
    return CompressedKvStore(inner, default_registry().codec(spec).value(), options);
  }

  /// One byte of the stored frame is another, `from_end` bytes before its end.
  void damage(std::string_view key, std::size_t from_end) {
    std::string frame((*inner->get(key))->text());
    char& byte = frame[frame.size() - 1 - from_end];
    byte = static_cast<char>(byte ^ 1);
    ASSERT_TRUE(inner->set(key, frame).ok());
  }

  std::shared_ptr<KvStore> inner = bundled_backends().open("memory", {}).value();
};

TEST_F(RangesTest, AnyRangeIsThatPartOfTheValue) {
  std::mt19937_64 random(20240701);
  const std::vector<std::byte> value = test::make_payload(test::PayloadKind::json, 300000, 1);
  for (const char* spec : {"lz4", "zstd", "raw"}) {
    for (const std::uint64_t block : {std::uint64_t{0}, std::uint64_t{4096}, std::uint64_t{100000}}) {
      CompressedKvStore store = make_store(spec, block, 3);
      ASSERT_TRUE(store.set("k", value).ok());
      for (int i = 0; i < 100; ++i) {
        const std::size_t from = random() % value.size();
        const std::size_t count = random() % (i % 2 ? 5000 : value.size() - from + 1) % (value.size() - from + 1);
        std::vector<std::byte> room(count);
        ASSERT_TRUE(store.get_range("k", from, room).value());
        ASSERT_TRUE(std::equal(room.begin(), room.end(), value.begin() + static_cast<std::ptrdiff_t>(from)))
            << spec << " in blocks of " << block << ": " << count << " from " << from;
      }
    }
  }
}

TEST_F(RangesTest, BlocksThatAreNotTouchedAreNotRead) {
  const std::vector<std::byte> value = test::make_payload(test::PayloadKind::json, 100000, 1);
  CompressedKvStore store = make_store("lz4", 10000);
  ASSERT_TRUE(store.set("k", value).ok());
  damage("k", 0);  // in the last block
  std::vector<std::byte> room(50000);
  EXPECT_TRUE(store.get_range("k", 1000, room).value());
  EXPECT_TRUE(std::equal(room.begin(), room.end(), value.begin() + 1000));
  EXPECT_EQ(store.get_range("k", 50000, room).status().code(), StatusCode::corruption);
  EXPECT_EQ(store.get("k").status().code(), StatusCode::corruption);
}

/// [planes, tokens, 3, 16] of u16, where each element tells its plane and token.
std::vector<std::byte> make_tokens(std::uint64_t planes, std::uint64_t tokens) {
  std::vector<std::uint16_t> elements;
  for (std::uint64_t plane = 0; plane < planes; ++plane) {
    for (std::uint64_t token = 0; token < tokens; ++token) {
      for (unsigned i = 0; i < 48; ++i)
        elements.push_back(static_cast<std::uint16_t>(plane * 10000 + token * 8 + i % 8));
    }
  }
  std::vector<std::byte> bytes(elements.size() * 2);
  std::memcpy(bytes.data(), elements.data(), bytes.size());
  return bytes;
}

TEST_F(RangesTest, TokensOfEveryPlaneComeDense) {
  constexpr std::uint64_t planes = 3;
  constexpr std::uint64_t tokens = 500;
  constexpr std::size_t token_bytes = 96;
  const std::vector<std::byte> value = make_tokens(planes, tokens);
  SetOptions options;
  options.tensor = make_tensor(Dtype::u16, std::array<std::uint64_t, 4>{planes, tokens, 3, 16}, 1).value();
  for (const std::uint64_t block :
       {std::uint64_t{0}, std::uint64_t{1000}, std::uint64_t{60000}, std::uint64_t{100000}}) {
    CompressedKvStore store = make_store("zstd", block, 2);
    ASSERT_TRUE(store.set("k", value, options).ok());
    for (const auto& [first, count] :
         {std::pair<std::uint64_t, std::uint64_t>{0, 1}, {0, 500}, {499, 1}, {123, 77}, {7, 0}}) {
      std::vector<std::byte> room(planes * count * token_bytes);
      ASSERT_TRUE(store.get_tokens("k", first, count, room).value());
      for (std::uint64_t plane = 0; plane < planes; ++plane) {
        ASSERT_TRUE(std::equal(room.begin() + static_cast<std::ptrdiff_t>(plane * count * token_bytes),
                               room.begin() + static_cast<std::ptrdiff_t>((plane + 1) * count * token_bytes),
                               value.begin() + static_cast<std::ptrdiff_t>((plane * tokens + first) * token_bytes)))
            << "plane " << plane << ", " << count << " tokens from " << first << ", blocks of " << block;
      }
    }
  }
}

TEST_F(RangesTest, TokensThatAreNotThereAndBuffersThatDoNotFitAreRefused) {
  SetOptions options;
  options.tensor = make_tensor(Dtype::u16, std::array<std::uint64_t, 3>{500, 3, 16}).value();
  CompressedKvStore store = make_store("lz4", 4096);
  ASSERT_TRUE(store.set("k", make_tokens(1, 500), options).ok());
  ASSERT_TRUE(store.set("untyped", "bytes").ok());
  std::vector<std::byte> room(960);
  EXPECT_TRUE(store.get_tokens("k", 490, 10, room).value());
  EXPECT_FALSE(store.get_tokens("absent", 0, 10, room).value());
  for (const auto& [first, count] :
       {std::pair<std::uint64_t, std::uint64_t>{491, 10}, {UINT64_MAX, 10}, {0, 9}, {0, 11}}) {
    EXPECT_EQ(store.get_tokens("k", first, count, room).status().code(), StatusCode::invalid_argument);
  }
  EXPECT_EQ(store.get_tokens("untyped", 0, 10, room).status().code(), StatusCode::invalid_argument);
}

}  // namespace
}  // namespace cinch
