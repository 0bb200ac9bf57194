// A database that is reopened once the error that stopped its writes is gone.
#include <gtest/gtest.h>
#include <unistd.h>

#include "backends/rocksdb/rocksdb_kv_store.hpp"
#include "tests/rocksdb/failing_fs.hpp"
#include "tests/rocksdb/rocksdb_test.hpp"

namespace cinch::test {
namespace {

class ReopenTest : public RocksDbTest {
 protected:
  std::shared_ptr<KvStore> open_at(const std::string& path) const {
    RocksDbOptions options;
    options.path = path;
    options.env = env_.get();
    return RocksDbKvStore::open_with(options).value();
  }
  void stop_writes(KvStore& store) {
    failures_.is_quota_exhausted = true;
    EXPECT_EQ(store.set("during", noise(5000)).code(), StatusCode::no_space);
    failures_.is_quota_exhausted = false;
  }

  FileFailures failures_;

 private:
  const std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(std::make_shared<FailingFs>(failures_));
};

TEST_F(ReopenTest, ItIsTheSameDatabaseWhereverTheProcessHasGone) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::create_directory(parent() / "elsewhere");
  std::filesystem::current_path(parent());
  const std::shared_ptr<KvStore> store = open_at("db");
  ASSERT_TRUE(store->set("before", noise(5000)).ok());
  std::filesystem::current_path(parent() / "elsewhere");
  stop_writes(*store);
  EXPECT_TRUE(set_once_reopened(*store, "after", noise(5000)).ok());
  std::filesystem::current_path(before);
  EXPECT_TRUE(get(*store, "before") == noise(5000));
  EXPECT_TRUE(std::filesystem::is_empty(parent() / "elsewhere"));
}

TEST_F(ReopenTest, ACheckpointThatCouldNotTellOfDamageIsNotMade) {
  const std::shared_ptr<KvStore> store = open_at(path());
  ASSERT_TRUE(store->set("k", noise(5000)).ok());
  failures_.has_no_room_for_watermarks = true;
  EXPECT_EQ(store->checkpoint(parent() / "copy").code(), StatusCode::no_space);
  failures_.has_no_room_for_watermarks = false;
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(parent()), {}), 1) << "something is left of it";
  EXPECT_TRUE(store->checkpoint(parent() / "copy").ok());
}

TEST_F(ReopenTest, ADatabaseThatIsGoneIsNotMadeAnew) {
  const std::shared_ptr<KvStore> store = open_at(path());
  ASSERT_TRUE(store->set("before", noise(5000)).ok());
  stop_writes(*store);
  std::filesystem::rename(path(), path() + ".away");
  EXPECT_FALSE(set_once_reopened(*store, "after", noise(5000), 30).ok());
  EXPECT_FALSE(store->get("before").has_value());
  EXPECT_FALSE(std::filesystem::exists(path()));
  std::filesystem::rename(path() + ".away", path());
  EXPECT_TRUE(set_once_reopened(*store, "after", noise(5000)).ok());
  EXPECT_TRUE(get(*store, "before") == noise(5000));
}

TEST_F(ReopenTest, AReadThatFailsMeanwhileLeavesNothingHalfOpen) {
  constexpr int reads = 8;  // more than an opening takes
  const std::shared_ptr<KvStore> store = open_at(path());
  for (int i = 0; i <= reads; ++i) {
    SCOPED_TRACE(i);
    stop_writes(*store);
    failures_.reads_until_failure = i;
    const std::string key = std::to_string(i);
    const Status status = set_once_reopened(*store, key, noise(5000));
    failures_.reads_until_failure = -1;
    ASSERT_TRUE(status.ok()) << status.to_string();
    for (int j = 0; j <= i; ++j) EXPECT_TRUE(get(*store, std::to_string(j)) == noise(5000));
    const Result<std::optional<Head>> head = store->head(key, 0);
    ASSERT_TRUE(head && *head);
    EXPECT_GT((*head)->stamp, 0u);
  }
}

TEST_F(ReopenTest, ReadersThatNeverPauseDoNotKeepItWaiting) {
  const std::shared_ptr<KvStore> store = open_at(path());
  ASSERT_TRUE(store->set("k", noise(100)).ok());
  std::atomic<bool> is_done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([&] {
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (!is_done && std::chrono::steady_clock::now() < deadline) EXPECT_TRUE(get(*store, "k") == noise(100));
      EXPECT_TRUE(is_done);
    });
  }
  stop_writes(*store);
  EXPECT_TRUE(set_once_reopened(*store, "after", noise(5000)).ok());
  is_done = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace cinch::test
