// What the memory store promises beyond every store: its account, its capacity, and values without copies.
#include "backends/memory/memory_kv_store.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "tests/support/failing_allocator.hpp"

namespace cinch {
namespace {

std::uint64_t used(KvStore& store) { return store.stats().stored_bytes; }

std::string get(KvStore& store, std::string_view key) {
  const GetResult value = store.get(key);
  return value && *value ? std::string((*value)->text()) : "absent";
}

MemoryOptions with_capacity(std::uint64_t bytes) {
  MemoryOptions options;
  options.capacity_bytes = bytes;
  return options;
}

TEST(MemoryKvStoreTest, ReadsOfOneValueShareItsBytes) {
  MemoryKvStore store;
  ASSERT_TRUE(store.set("k", std::string(100000, 'v')).ok());
  EXPECT_EQ((*store.get("k"))->data(), (*store.get("k"))->data());
}

TEST(MemoryKvStoreTest, ValuesOf64BytesAndMoreAreAligned) {
  MemoryKvStore store;
  for (std::size_t key = 0; key < 70; ++key) {
    for (const std::size_t size : {64u, 65u, 100u, 5000u}) {
      ASSERT_TRUE(store.set(std::string(key, 'k'), std::string(size, 'v')).ok());
      const Value value = **store.get(std::string(key, 'k'));
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(value.data()) % 64, 0u) << key << " " << size;
    }
  }
}

TEST(MemoryKvStoreTest, TheAccountIsThatOfKeysValuesAndOverhead) {
  MemoryKvStore store;
  const std::uint64_t empty = used(store);
  EXPECT_EQ(empty, 0u);
  ASSERT_TRUE(store.set(std::string(100, 'k'), std::string(10000, 'v')).ok());
  EXPECT_GE(used(store), 10100u);
  EXPECT_LE(used(store), 10100u + 256);
}

TEST(MemoryKvStoreTest, TheAccountComesBackToZero) {
  MemoryKvStore store;
  SetOptions brief;
  brief.ttl = std::chrono::milliseconds(1);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 500; ++i) {
      const std::string key = std::to_string(i % 300);
      ASSERT_TRUE(store.set(key, std::string(static_cast<std::size_t>(i), 'v')).ok());
      const std::uint64_t stamp = store.head(key, 0).value()->stamp;
      ASSERT_EQ(store.set_if(key, i % 7 ? stamp + 1 : stamp, "other").value(), i % 7 == 0);
      ASSERT_TRUE(store.set("b" + key, "brief", brief).ok());
    }
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(store.remove(std::to_string(i)).ok());
    ASSERT_TRUE(store.remove_prefix("").has_value());
    EXPECT_EQ(used(store), 0u);
    EXPECT_EQ(store.stats().values, 0u);
  }
}

TEST(MemoryKvStoreTest, ABufferIsMovedInWithoutACopy) {
  MemoryKvStore store;
  std::vector<std::byte> buffer(100000, std::byte{7});
  const std::byte* const bytes = buffer.data();
  ASSERT_TRUE(store.set("k", Value::own(std::move(buffer))).ok());
  EXPECT_EQ((*store.get("k"))->data(), bytes);
  EXPECT_GE(used(store), 100000u);
  EXPECT_LE(used(store), 100000u + 256);
  ASSERT_TRUE(store.set("other", **store.get("k")).ok());  // a store's own entry is not for another key to keep
  EXPECT_NE((*store.get("other"))->data(), bytes);
  ASSERT_TRUE(store.remove_prefix("").has_value());
  EXPECT_EQ(used(store), 0u);
}

TEST(MemoryKvStoreTest, WhatWouldPinMuchMoreThanItShowsIsCopied) {
  MemoryKvStore store;
  const Value large = Value::own(std::string(100000, 'v'));
  ASSERT_TRUE(store.set("part", large.part(5, 50000)).ok());
  EXPECT_NE((*store.get("part"))->data(), large.data() + 5);
  ASSERT_TRUE(store.set("small", Value::own(std::string(1000, 'v'))).ok());
  EXPECT_LE(used(store), 51000u + 512);
}

TEST(MemoryKvStoreTest, PinnedValuesCountUntilTheyAreReleased) {
  MemoryKvStore store;
  ASSERT_TRUE(store.set("k", std::string(5000, 'v')).ok());
  Value pinned = **store.get("k");
  ASSERT_TRUE(store.remove("k").ok());
  EXPECT_GE(used(store), 5000u);
  pinned = Value();
  EXPECT_EQ(used(store), 0u);
}

TEST(MemoryKvStoreTest, AFullStoreAnswersNoSpaceAndKeepsWhatItHas) {
  MemoryKvStore store(with_capacity(10000));
  ASSERT_TRUE(store.set("a", std::string(4000, 'a')).ok());
  ASSERT_TRUE(store.set("b", std::string(4000, 'b')).ok());
  const Status status = store.set("c", std::string(4000, 'c'));
  EXPECT_EQ(status.code(), StatusCode::no_space);
  EXPECT_THAT(status.message(), testing::HasSubstr("10000"));
  EXPECT_EQ(store.set("b", std::string(7000, 'x')).code(), StatusCode::no_space);
  EXPECT_EQ(get(store, "a"), std::string(4000, 'a'));
  EXPECT_EQ(get(store, "b"), std::string(4000, 'b'));
  EXPECT_EQ(get(store, "c"), "absent");
  EXPECT_LE(used(store), 10000u);
  ASSERT_TRUE(store.remove("a").ok());
  EXPECT_TRUE(store.set("c", std::string(4000, 'c')).ok());
}

TEST(MemoryKvStoreTest, AValueMayTakeThePlaceOfTheOneItReplaces) {
  MemoryKvStore store(with_capacity(10000));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store.set("k", std::string(9000, static_cast<char>('a' + i))).ok());
  EXPECT_EQ(get(store, "k"), std::string(9000, 'e'));
  const Value pinned = **store.get("k");  // the old value would stay: both do not fit
  EXPECT_EQ(store.set("k", std::string(9000, 'z')).code(), StatusCode::no_space);
}

TEST(MemoryKvStoreTest, ThreadsThatReplaceTheirOwnValuesDoNotTakeEachOthersRoom) {
  constexpr std::size_t value_bytes = 1 << 20;
  MemoryKvStore store(with_capacity(2 * value_bytes + 1000));
  const auto replace = [&](std::string_view key) {
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(store.set(key, std::string(value_bytes, 'v')).ok());
  };
  std::thread other([&] { replace("a"); });
  replace("b");
  other.join();
  EXPECT_LE(used(store), 2 * value_bytes + 1000);
}

TEST(MemoryKvStoreTest, ABatchNamesTheKeyThatItEndsAt) {
  MemoryKvStore store;
  SetOptions bad;
  bad.ttl = std::chrono::milliseconds(-5);
  const SetItem items[] = {{"a", "1"}, {"b", "2", bad}, {"c", "3"}};
  EXPECT_EQ(store.batch_set(items).to_string(),
            "invalid_argument: key \"b\": time to live of -5 ms, expected 0 (for ever) or more");
}

TEST(MemoryKvStoreTest, AValueOverTheCapacityIsTooLarge) {
  MemoryKvStore store(with_capacity(10000));
  EXPECT_EQ(store.set("k", std::string(10001, 'v')).code(), StatusCode::too_large);
}

TEST(MemoryKvStoreTest, ExpiredValuesMakeRoomInAFullStore) {
  MemoryKvStore store(with_capacity(100000));
  SetOptions brief;
  brief.ttl = std::chrono::milliseconds(1);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(store.set("brief" + std::to_string(i), std::string(4000, 'v'), brief).ok());
  while (!store.scan("").value().keys.empty()) std::this_thread::yield();  // a scan lets them lie where they are
  EXPECT_TRUE(store.set("large", std::string(90000, 'v')).ok());
}

TEST(MemoryKvStoreTest, KeysWithOneHashAreToldApart) {
  MemoryOptions options;
  options.hash = [](std::string_view) -> std::uint64_t { return 42; };
  MemoryKvStore store(options);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(store.set(std::to_string(i), "v" + std::to_string(i)).ok());
  for (int i = 0; i < 200; i += 2) ASSERT_TRUE(store.remove(std::to_string(i)).ok());
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(get(store, std::to_string(i)), i % 2 ? "v" + std::to_string(i) : "absent");
  }
}

TEST(MemoryKvStoreTest, SettingsItDoesNotKnowAreRefused) {
  EXPECT_EQ(MemoryKvStore::open({{"capacty", "1GiB"}}).status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(MemoryKvStore::open({{"capacity", "much"}}).status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(MemoryKvStore::open({{"eviction", "random"}}).status().code(), StatusCode::invalid_argument);
  EXPECT_TRUE(MemoryKvStore::open({{"capacity", "1GiB"}, {"eviction", "none"}}).has_value());
}

TEST(MemoryKvStoreTest, AFailedAllocationLeavesTheOldValueAndTheAccount) {
  MemoryKvStore store;
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(store.set("other" + std::to_string(i), "v").ok());
  const std::uint64_t before = used(store);
  for (int i = 0; i < 100; ++i) {  // the index grows meanwhile
    const std::string key = "a key that is too long to lie in a std::string itself, number " + std::to_string(i);
    bool is_set = false;
    test::fail_each_allocation([&] { is_set = store.set(key, "value").ok(); },
                               [&](int, bool) {
                                 EXPECT_EQ(get(store, key), is_set ? "value" : "absent");
                                 EXPECT_TRUE(store.remove(key).ok());
                                 is_set = false;
                               });
    EXPECT_TRUE(store.set(key, "value").ok());
  }
  const auto ignore = [](int, bool) {};
  test::fail_each_allocation([&] { (void)store.scan("").has_value(); }, ignore);
  test::fail_each_allocation([&] { (void)store.remove_prefix("a key").has_value(); }, ignore);
  EXPECT_EQ(used(store), before);
}

}  // namespace
}  // namespace cinch
