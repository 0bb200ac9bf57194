// A store that lost writes says so: when it is opened, in its statistics, and until the loss is accepted.
#include <gmock/gmock.h>

#include <algorithm>

#include "cinch/compressed_kv_store.hpp"
#include "cinch/log.hpp"
#include "tests/rocksdb/rocksdb_test.hpp"

namespace cinch::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class RocksDbLossTest : public RocksDbTest {
 protected:
  RocksDbLossTest() {
    set_log_callback(
        [](void* context, LogLevel level, std::string_view message) {
          auto& self = *static_cast<RocksDbLossTest*>(context);
          const std::lock_guard lock(self.log_mutex_);
          if (level >= LogLevel::warning) {
            self.log_.push_back((level == LogLevel::error ? "error: " : "warning: ") + std::string(message));
          }
        },
        this);
  }
  ~RocksDbLossTest() override { set_log_callback(nullptr, nullptr); }

  std::string watermark() const { return path() + "/cinch.watermark"; }

  /// What was logged since the last call.
  std::vector<std::string> logged() {
    const std::lock_guard lock(log_mutex_);
    return std::exchange(log_, {});
  }

  /// Sets some keys and leaves the directory as a kill would: what an open store has in its files.
  void store_and_kill(int keys, const Settings& settings = {}) {
    const fs::path killed = parent() / "killed";
    {
      const std::shared_ptr<KvStore> store = open(settings);
      for (int i = 0; i < keys; ++i) require(store->set("k" + std::to_string(i), noise(100)));
      fs::copy(path(), killed, fs::copy_options::recursive);
    }
    fs::remove_all(path());
    fs::rename(killed, path());
    logged();
  }

  void store_and_close(int keys) {
    const std::shared_ptr<KvStore> store = open();
    for (int i = 0; i < keys; ++i) require(store->set("k" + std::to_string(i), noise(100)));
    require(store->close());
  }

  fs::path last_file(std::string_view start) const {
    fs::path last;
    for (const auto& entry : fs::directory_iterator(path())) {
      const std::string name = entry.path().filename().string();
      if (name.find(start) == name.npos || fs::file_size(entry) == 0) continue;
      last = std::max(last, entry.path());
    }
    return last;
  }

  static void cut(const fs::path& file, std::size_t bytes) { fs::resize_file(file, fs::file_size(file) - bytes); }

  std::uint64_t lost_writes(const Settings& settings = {}) const { return open(settings)->stats().lost_writes; }

  void expect_refused_untouched(std::string_view why) {
    const std::map<std::string, std::string> before = content_of(path());
    for (const bool read_only : {false, true}) {
      const Status status = try_open({{"read_only", read_only}}).status();
      EXPECT_EQ(status.code(), StatusCode::corruption) << status.to_string();
      EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(std::string(why)), HasSubstr("accept_loss")));
    }
    EXPECT_TRUE(content_of(path()) == before) << "something in the directory changed";
  }

 private:
  std::mutex log_mutex_;
  std::vector<std::string> log_;
};

TEST_F(RocksDbLossTest, AStoreThatIsWholeSaysNothing) {
  store_and_close(10);
  EXPECT_EQ(lost_writes(), 0u);
  store_and_kill(10);
  EXPECT_EQ(lost_writes({{"read_only", true}}), 0u);
  EXPECT_EQ(lost_writes(), 0u);
  EXPECT_THAT(logged(), IsEmpty());
}

TEST_F(RocksDbLossTest, AKilledStoreThatLostTheTailOfItsLogTellsHowManyWrites) {
  store_and_kill(10);
  cut(last_file(".log"), 250);  // two of the sets, and the end of a third
  const std::shared_ptr<KvStore> store = open();
  EXPECT_EQ(store->stats().lost_writes, 2u);
  EXPECT_EQ(get(*store, "k8"), absent);
  EXPECT_TRUE(get(*store, "k7") == noise(100));
  EXPECT_THAT(logged(), Contains(AllOf(HasSubstr("error: "), HasSubstr(path()), HasSubstr("2 acknowledged writes"))));
}

TEST_F(RocksDbLossTest, AKilledStoreWhoseLogIsGoneTellsSo) {
  store_and_kill(10);
  fs::remove(last_file(".log"));
  const Result<std::shared_ptr<KvStore>> store = try_open();
  ASSERT_TRUE(store.has_value()) << store.status().to_string();
  EXPECT_GE((*store)->stats().lost_writes, 10u);
}

TEST_F(RocksDbLossTest, ALossIsToldUntilItIsAccepted) {
  store_and_kill(10);
  cut(last_file(".log"), 50);
  EXPECT_EQ(lost_writes(), 1u);
  for (int i = 0; i < 2; ++i) {
    logged();
    store_and_close(1);
    EXPECT_EQ(lost_writes(), 1u);
    EXPECT_THAT(logged(), Contains(HasSubstr("accept_loss")));
  }
  EXPECT_EQ(lost_writes({{"accept_loss", true}}), 0u);
  logged();
  EXPECT_EQ(lost_writes(), 0u);
  EXPECT_THAT(logged(), IsEmpty());
}

TEST_F(RocksDbLossTest, LossesAddUp) {
  store_and_kill(10);
  cut(last_file(".log"), 50);
  store_and_kill(10);
  cut(last_file(".log"), 50);
  EXPECT_EQ(lost_writes(), 2u);
}

TEST_F(RocksDbLossTest, AReadOnlyStoreTellsOfALossAndChangesNothing) {
  store_and_kill(10);
  cut(last_file(".log"), 50);
  const std::map<std::string, std::string> before = content_of(path());
  for (const bool accept_loss : {false, true}) {
    EXPECT_EQ(lost_writes({{"read_only", true}, {"accept_loss", accept_loss}}), 1u);
  }
  EXPECT_TRUE(content_of(path()) == before);
  EXPECT_EQ(lost_writes(), 1u);
  EXPECT_EQ(lost_writes({{"read_only", true}}), 1u);
}

TEST_F(RocksDbLossTest, ACompressedStoreTellsOfTheLossBelowIt) {
  store_and_kill(10);
  cut(last_file(".log"), 50);
  CompressedKvStore store(open(), default_registry().codec("lz4").value());
  EXPECT_EQ(store.stats().lost_writes, 1u);
}

TEST_F(RocksDbLossTest, AfterACloseAShorterLogIsRefusedUntouched) {
  store_and_close(10);
  cut(last_file(".log"), 1);
  expect_refused_untouched("logs");
  EXPECT_EQ(get(*open({{"accept_loss", true}}), "k9"), absent);
  EXPECT_TRUE(get(*open(), "k8") == noise(100));
}

TEST_F(RocksDbLossTest, AfterACloseAMissingLogIsRefusedUntouched) {
  store_and_close(10);
  fs::remove(last_file(".log"));
  expect_refused_untouched("logs");
}

TEST_F(RocksDbLossTest, AfterACloseAShorterManifestIsRefusedUntouched) {
  store_in_files({{"k", noise(5000)}, {"l", noise(100)}});
  const fs::path manifest = last_file("MANIFEST-");
  for (const std::size_t bytes : {1u, 7u, 100u}) {
    cut(manifest, bytes);
    expect_refused_untouched("manifest");
  }
}

TEST_F(RocksDbLossTest, AKilledStoreWhoseLogEndsInATornUnacknowledgedWriteOpensWithoutIt) {
  for (const bool read_only : {true, false}) {
    store_and_kill(10);
    const fs::path log = last_file(".log");
    std::string bytes = read_file(log);
    // A record starts with a checksum and its length; the first one comes once more, and is damaged.
    std::string torn = bytes.substr(0, 7u + static_cast<unsigned char>(bytes[4]));
    torn.back() = static_cast<char>(torn.back() ^ 1);
    write_file(log, bytes + torn);
    const std::shared_ptr<KvStore> store = open({{"read_only", read_only}});
    EXPECT_EQ(store->stats().lost_writes, 0u);
    EXPECT_TRUE(get(*store, "k9") == noise(100));
    EXPECT_THAT(logged(), Contains(AllOf(HasSubstr("warning: "), HasSubstr("torn"))));
  }
}

TEST_F(RocksDbLossTest, ALogOfAnOpeningThatDiedAfterACloseIsNoDamage) {
  store_and_close(10);
  std::string of_nothing = read_file(last_file(".log"));
  of_nothing.resize(40);
  write_file(path() + "/999999.log", of_nothing);
  const Result<std::shared_ptr<KvStore>> store = try_open();
  ASSERT_TRUE(store.has_value()) << store.status().to_string();
  EXPECT_TRUE(get(**store, "k9") == noise(100));
  EXPECT_EQ((*store)->stats().lost_writes, 0u);
}

TEST_F(RocksDbLossTest, WithAcceptLossALogIsReadUpToItsDamage) {
  store_and_kill(10);
  const fs::path log = last_file(".log");
  std::string bytes = read_file(log);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_file(log, bytes);
  EXPECT_EQ(try_open().status().code(), StatusCode::corruption);
  {
    const std::shared_ptr<KvStore> store = open({{"accept_loss", true}});
    EXPECT_TRUE(get(*store, "k3") == noise(100));
    EXPECT_EQ(get(*store, "k6"), absent);
  }
  EXPECT_EQ(lost_writes(), 0u);
}

TEST_F(RocksDbLossTest, ADatabaseOfWhichOnlyTheWatermarkIsLeftIsCorruptionAndNotANewOne) {
  store_and_close(1);
  for (const auto& entry : std::vector<fs::directory_entry>(fs::directory_iterator(path()), {})) {
    if (entry.path() != watermark()) fs::remove(entry);
  }
  const Status status = try_open().status();
  EXPECT_EQ(status.code(), StatusCode::corruption) << status.to_string();
}

TEST_F(RocksDbLossTest, AKilledVolatileStoreIsWarnedOfOnceAndHasLostNoPromise) {
  store_and_kill(10, {{"durability", "volatile"}});
  EXPECT_EQ(lost_writes(), 0u);
  EXPECT_THAT(logged(), Contains(AllOf(HasSubstr("warning: "), HasSubstr("volatile"))));
  EXPECT_EQ(lost_writes(), 0u);
  EXPECT_THAT(logged(), IsEmpty());
}

TEST_F(RocksDbLossTest, WhatAVolatileStoreFlushedIsMissedWhenItIsGone) {
  {
    const std::shared_ptr<KvStore> store = open({{"durability", "volatile"}});
    require(store->set("a", noise(100)));
    require(store->flush());
    fs::copy(path(), parent() / "early", fs::copy_options::recursive);
    require(store->set("b", noise(100)));
    require(store->flush());
    fs::copy(watermark(), parent() / "early" / "cinch.watermark", fs::copy_options::overwrite_existing);
  }
  fs::remove_all(path());
  fs::rename(parent() / "early", path());
  EXPECT_EQ(lost_writes(), 1u);
}

TEST_F(RocksDbLossTest, AnOlderCopyOfTheDatabaseBesideTheWatermarkIsALoss) {
  store_and_kill(5);
  fs::copy(path(), parent() / "early", fs::copy_options::recursive);
  store_and_kill(20);
  fs::copy(watermark(), parent() / "early" / "cinch.watermark", fs::copy_options::overwrite_existing);
  fs::remove_all(path());
  fs::rename(parent() / "early", path());
  EXPECT_GE(lost_writes(), 20u);
}

TEST_F(RocksDbLossTest, AStoreWithoutAWatermarkOpensAndGetsOne) {
  store_and_close(10);
  fs::remove(watermark());
  logged();
  EXPECT_EQ(lost_writes(), 0u);
  EXPECT_TRUE(fs::exists(watermark()));
  EXPECT_THAT(logged(), IsEmpty());
}

TEST_F(RocksDbLossTest, AFlippedBitOfTheWatermarkLosesNothingThatItTells) {
  store_and_kill(10);
  cut(last_file(".log"), 50);
  ASSERT_EQ(lost_writes(), 1u);
  const std::string whole = read_file(watermark());
  logged();
  for (const std::size_t at : {0u, 8u, 16u, 24u, 63u, 512u, 536u, 575u}) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    write_file(watermark(), damaged);
    EXPECT_EQ(lost_writes(), 1u) << at;
    EXPECT_THAT(logged(), Contains(HasSubstr("cinch.watermark is damaged"))) << at;
  }
}

TEST_F(RocksDbLossTest, AWatermarkThatCannotBeReadIsLoggedAndMadeAnew) {
  for (const char* content : {"", "something else"}) {
    store_and_close(10);
    write_file(watermark(), content);
    logged();
    EXPECT_EQ(lost_writes(), 0u);
    EXPECT_THAT(logged(), Contains(HasSubstr("cinch.watermark is damaged")));
    logged();
    EXPECT_EQ(lost_writes(), 0u);
    EXPECT_THAT(logged(), Not(Contains(HasSubstr("cinch.watermark"))));
  }
}

TEST_F(RocksDbLossTest, AWatermarkThatCannotBeOpenedIsNotTakenForNone) {
  store_and_kill(10);
  cut(last_file(".log"), 50);
  fs::rename(watermark(), parent() / "kept");
  fs::create_symlink(watermark(), watermark());
  const Status status = try_open().status();
  EXPECT_EQ(status.code(), StatusCode::io_error);
  EXPECT_THAT(std::string(status.message()), HasSubstr(watermark()));
  fs::rename(parent() / "kept", watermark());
  EXPECT_EQ(lost_writes(), 1u);
}

TEST_F(RocksDbLossTest, WhatAnotherProgramWroteToTheDatabaseIsNoLoss) {
  store_and_close(10);
  {
    RawDatabase raw(path());
    RawDatabase::check(raw.db().Delete({}, raw.family("meta"), "k9"));
  }
  const std::shared_ptr<KvStore> store = open();
  EXPECT_EQ(store->stats().lost_writes, 0u);
  EXPECT_EQ(get(*store, "k9"), absent);
}

}  // namespace
}  // namespace cinch::test
