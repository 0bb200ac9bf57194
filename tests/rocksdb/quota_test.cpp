// An exhausted quota, which RocksDB does not know, is an exhausted disk; and who may take the last of one.
#include <gtest/gtest.h>

#include "backends/rocksdb/disk_space.hpp"
#include "backends/rocksdb/rocksdb_kv_store.hpp"
#include "tests/rocksdb/failing_fs.hpp"
#include "tests/rocksdb/rocksdb_test.hpp"

namespace cinch::test {
namespace {

class QuotaTest : public RocksDbTest {};

TEST_F(QuotaTest, IsToldAsNoSpaceAndWritesComeBackWithIt) {
  FileFailures failures;
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(std::make_shared<FailingFs>(failures));
  RocksDbOptions options;
  options.path = path();
  options.env = env.get();
  const std::shared_ptr<KvStore> store = RocksDbKvStore::open_with(options).value();
  ASSERT_TRUE(store->set("before", noise(5000)).ok());

  failures.is_quota_exhausted = true;
  EXPECT_EQ(store->set("during", noise(5000)).code(), StatusCode::no_space);
  EXPECT_EQ(store->remove("before").code(), StatusCode::no_space);
  EXPECT_TRUE(get(*store, "before") == noise(5000));

  failures.is_quota_exhausted = false;
  const Status status = set_once_reopened(*store, "after", noise(5000));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_TRUE(get(*store, "before") == noise(5000));
  EXPECT_EQ(get(*store, "during"), absent);
  EXPECT_TRUE(store->close().ok());
}

class DiskSpaceTest : public RocksDbTest {
 protected:
  const std::uint64_t available_ = std::filesystem::space(parent()).available;
  DiskSpace space_{parent().string()};
};

TEST_F(DiskSpaceTest, ASetIsRefusedWhatAFlushOfMemoryWillTake) {
  EXPECT_TRUE(space_.check(SpaceUse::set, 1000, 0).ok());
  EXPECT_EQ(space_.check(SpaceUse::set, 1000, available_).code(), StatusCode::no_space);
  EXPECT_EQ(space_.check(SpaceUse::set, available_, 0).code(), StatusCode::no_space);
}

TEST_F(DiskSpaceTest, ACompactionLeavesWhatMemoryWillTake) {
  ASSERT_TRUE(space_.check(SpaceUse::set, 1000, 0).ok());
  EXPECT_TRUE(space_.take_for_compaction(1000));
  ASSERT_FALSE(space_.check(SpaceUse::set, 1000, available_).ok());
  EXPECT_FALSE(space_.take_for_compaction(1000));
}

TEST_F(DiskSpaceTest, ACompactionEndsWhenASetNeedsWhatItHasTaken) {
  space_.note_compaction_begin();
  EXPECT_FALSE(space_.is_given_back());
  ASSERT_TRUE(space_.take_for_compaction(available_ / 2));
  EXPECT_FALSE(space_.check(SpaceUse::set, available_ * 2, 0).ok());
  EXPECT_TRUE(space_.take_for_compaction(1000)) << "its end would not help";
  EXPECT_FALSE(space_.check(SpaceUse::set, available_ + available_ / 4, 0).ok());
  EXPECT_FALSE(space_.take_for_compaction(1000));
  EXPECT_TRUE(space_.is_given_back());
  EXPECT_TRUE(space_.is_worth_a_compaction());
  space_.note_compaction_end();
  EXPECT_TRUE(space_.is_given_back()) << "its files are being deleted";
  EXPECT_TRUE(space_.is_worth_a_compaction());
  space_.note_compaction_begin();
  EXPECT_TRUE(space_.take_for_compaction(1000));
}

}  // namespace
}  // namespace cinch::test
