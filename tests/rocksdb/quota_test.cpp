// An exhausted quota, which RocksDB does not know, is an exhausted disk; and who may take the last of one.
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "backends/rocksdb/disk_space.hpp"
#include "backends/rocksdb/rocksdb_kv_store.hpp"
#include "backends/rocksdb/rocksdb_options.hpp"
#include "tests/rocksdb/rocksdb_test.hpp"

namespace cinch::test {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class LogOnQuota final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  LogOnQuota(std::unique_ptr<rocksdb::FSWritableFile> file, const std::atomic<bool>& is_exhausted)
      : FSWritableFileOwnerWrapper(std::move(file)), is_exhausted_(is_exhausted) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    // As RocksDB makes it of EDQUOT.
    if (is_exhausted_) return IOStatus::IOError("While appending to file", std::strerror(EDQUOT));
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }

 private:
  const std::atomic<bool>& is_exhausted_;
};

/// Logs of a database cannot grow while the quota is exhausted.
class QuotaFs final : public rocksdb::FileSystemWrapper {
 public:
  explicit QuotaFs(const std::atomic<bool>& is_exhausted)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), is_exhausted_(is_exhausted) {}

  const char* Name() const override { return "QuotaFs"; }
  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* made, IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::NewWritableFile(path, options, made, debug);
    if (status.ok() && path.ends_with(".log")) *made = std::make_unique<LogOnQuota>(std::move(*made), is_exhausted_);
    return status;
  }

 private:
  const std::atomic<bool>& is_exhausted_;
};

class QuotaTest : public RocksDbTest {};

TEST_F(QuotaTest, IsToldAsNoSpaceAndWritesComeBackWithIt) {
  std::atomic<bool> is_exhausted{false};
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(std::make_shared<QuotaFs>(is_exhausted));
  RocksDbOptions options;
  options.path = path();
  options.env = env.get();
  const std::shared_ptr<KvStore> store = RocksDbKvStore::open_with(options).value();
  ASSERT_TRUE(store->set("before", noise(5000)).ok());

  is_exhausted = true;
  EXPECT_EQ(store->set("during", noise(5000)).code(), StatusCode::no_space);
  EXPECT_EQ(store->remove("before").code(), StatusCode::no_space);
  EXPECT_TRUE(get(*store, "before") == noise(5000));

  is_exhausted = false;
  Status status = store->set("after", noise(5000));
  for (int i = 0; i < 200 && !status.ok(); ++i) {  // it is tried once a second
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    status = store->set("after", noise(5000));
  }
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
