// The cache of large values keeps indexes and filters, and lends values.
#include "backends/rocksdb/passing_cache.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace cinch {
namespace {

using rocksdb::Cache;

class PassingCacheTest : public testing::Test {
 protected:
  PassingCacheTest() { deleted_ = 0; }

  Cache::Handle* insert(const std::string& key, std::size_t bytes, Cache::Priority priority) {
    Cache::Handle* handle = nullptr;
    const rocksdb::Status status = cache_->Insert(key, &value_, bytes, count_deletion, &handle, priority);
    return status.ok() ? handle : nullptr;
  }

  bool has(const std::string& key) {
    Cache::Handle* const handle = cache_->Lookup(key);
    if (handle) (void)cache_->Release(handle);
    return handle != nullptr;
  }

  static void count_deletion(const rocksdb::Slice&, void*) { ++deleted_; }

  static constexpr std::size_t capacity = 64 << 10;
  static inline int deleted_ = 0;
  int value_ = 0;
  const std::shared_ptr<Cache> kept_ = rocksdb::NewLRUCache(capacity, 0);
  const std::shared_ptr<Cache> cache_ = make_passing_cache(kept_);
};

TEST_F(PassingCacheTest, AValueIsThereWhileSomebodyHoldsIt) {
  Cache::Handle* const first = insert("value", 2 << 20, Cache::Priority::LOW);
  ASSERT_NE(first, nullptr);
  Cache::Handle* const second = cache_->Lookup("value");
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(cache_->Value(second), &value_);
  EXPECT_FALSE(cache_->Release(first));
  EXPECT_EQ(deleted_, 0);
  EXPECT_TRUE(cache_->Release(second));
  EXPECT_EQ(deleted_, 1);
  EXPECT_FALSE(has("value"));
  EXPECT_EQ(kept_->GetUsage(), 0u);
}

TEST_F(PassingCacheTest, ValuesPushOutNoIndex) {
  ASSERT_FALSE(cache_->Release(insert("index", capacity / 2, Cache::Priority::HIGH)));
  for (int i = 0; i < 100; ++i) {
    Cache::Handle* const value = insert("value" + std::to_string(i), 2 << 20, Cache::Priority::LOW);
    EXPECT_LE(kept_->GetUsage(), capacity);
    EXPECT_TRUE(cache_->Release(value));
  }
  EXPECT_EQ(deleted_, 100);
  EXPECT_TRUE(has("index"));
}

TEST_F(PassingCacheTest, AValueThatNobodyWaitsForIsNotKept) {
  ASSERT_TRUE(cache_->Insert("value", &value_, 100, count_deletion, nullptr, Cache::Priority::LOW).ok());
  EXPECT_EQ(deleted_, 1);
  EXPECT_FALSE(has("value"));
}

}  // namespace
}  // namespace cinch
