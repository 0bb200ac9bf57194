// Zeros where a record of a log should begin. RocksDB takes them for space that was allocated ahead, passes over the
// rest of their block and says nothing; to cinch they are damage like any other.
#include <gmock/gmock.h>

#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "tests/rocksdb/rocksdb_test.hpp"

namespace cinch::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::size_t log_block_bytes = 32768;

class RocksDbZeroedLogTest : public RocksDbTest {
 protected:
  static fs::path log_of(const fs::path& directory) {
    fs::path largest;
    for (const auto& entry : fs::directory_iterator(directory)) {
      if (entry.path().extension() != ".log") continue;
      if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path();
    }
    return largest;
  }

  /// Sets keys until the log ends where its third block does, and one more: blocks two to four begin with a record.
  /// Answers how many were set: k0, k1, and so on.
  int fill_blocks(KvStore& store) const {
    int keys = 0;
    const auto set = [&](std::size_t bytes) {
      const std::uintmax_t before = fs::file_size(log_of(path()));
      require(store.set("k" + std::to_string(100 + keys++), noise(bytes)));
      return fs::file_size(log_of(path())) - before;
    };
    set(200);  // the first one reserves stamps as well
    const std::size_t overhead = set(200) - 200;
    for (std::size_t block = 1; block <= 3; ++block) {
      const std::size_t end = block * log_block_bytes;
      while (end - fs::file_size(log_of(path())) > 4000) set(1500);
      set(end - fs::file_size(log_of(path())) - overhead);
      EXPECT_EQ(fs::file_size(log_of(path())), end);
    }
    set(200);
    return keys;
  }

  /// A store that was closed in order, or killed: then what an open one has in its files.
  int make_store(bool is_killed) {
    const fs::path killed = parent() / "killed";
    fs::remove_all(path());
    int keys = 0;
    {
      const std::shared_ptr<KvStore> store = open();
      keys = fill_blocks(*store);
      if (is_killed) fs::copy(path(), killed, fs::copy_options::recursive);
    }
    if (!is_killed) return keys;
    fs::remove_all(path());
    fs::rename(killed, path());
    return keys;
  }

  static void zero(const fs::path& file, std::size_t begin, std::size_t bytes) {
    std::string content = read_file(file);
    content.replace(begin, bytes, bytes, '\0');
    write_file(file, content);
  }

  static std::size_t keys_of(KvStore& store) { return store.scan("k").value().keys.size(); }

  void expect_refused(std::string_view why) const {
    for (const bool read_only : {true, false}) {
      const Status status = try_open({{"read_only", read_only}}).status();
      EXPECT_EQ(status.code(), StatusCode::corruption) << status.to_string();
      EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(why)));
    }
  }

  void expect_refused_untouched(std::string_view why) const {
    const std::map<std::string, std::string> before = content_of(path());
    expect_refused(why);
    EXPECT_TRUE(content_of(path()) == before) << "something in the directory changed";
  }
};

TEST_F(RocksDbZeroedLogTest, InAClosedStoreAreRefusedUntouched) {
  constexpr std::size_t header = 7, page = 4096;
  for (const auto& [begin, bytes] :
       {std::pair{log_block_bytes, header}, {log_block_bytes, page}, {2 * log_block_bytes, header}, {0, header}}) {
    SCOPED_TRACE(std::to_string(begin) + "+" + std::to_string(bytes));
    make_store(false);
    zero(log_of(path()), begin, bytes);
    expect_refused_untouched("logs have changed since it was closed");
  }
}

TEST_F(RocksDbZeroedLogTest, UpToTheEndOfAClosedStoresLogAreRefusedUntouched) {
  for (const std::size_t begin : {std::size_t{0}, log_block_bytes, 3 * log_block_bytes}) {
    SCOPED_TRACE(begin);
    make_store(false);
    const fs::path log = log_of(path());
    zero(log, begin, fs::file_size(log) - begin);
    expect_refused_untouched("logs have changed since it was closed");
  }
}

TEST_F(RocksDbZeroedLogTest, InAClosedStoreWithTablesAreRefusedUntouched) {
  store_in_files({{"a", noise(5000)}, {"b", noise(100)}});
  {
    const std::shared_ptr<KvStore> store = open();
    for (const char* key : {"k1", "k2", "k3"}) require(store->set(key, noise(100)));
  }
  const fs::path log = log_of(path());
  zero(log, 0, fs::file_size(log));
  expect_refused_untouched("logs have changed since it was closed");
}

TEST_F(RocksDbZeroedLogTest, InAKilledStoreAreRefused) {
  for (const std::size_t begin : {std::size_t{0}, log_block_bytes, 2 * log_block_bytes}) {
    SCOPED_TRACE(begin);
    make_store(true);
    zero(log_of(path()), begin, 7);
    expect_refused("checksum mismatch");
  }
}

TEST_F(RocksDbZeroedLogTest, AreReadUpToWhenTheLossIsAccepted) {
  for (const bool is_killed : {false, true}) {
    make_store(is_killed);
    zero(log_of(path()), 2 * log_block_bytes, 4096);
    const std::shared_ptr<KvStore> store = open({{"accept_loss", true}});
    EXPECT_TRUE(get(*store, "k100") == noise(200));
    const std::vector<std::string> keys = store->scan("k").value().keys;
    EXPECT_GT(keys.size(), 10u);
    for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(keys[i], "k" + std::to_string(100 + i));
    require(store->close());
    EXPECT_EQ(open()->stats().lost_writes, 0u);
  }
}

TEST_F(RocksDbZeroedLogTest, BehindAllThatAKilledStoreAcknowledgedAreATornEnd) {
  for (const char* torn : {"", "the end of another block"}) {
    for (const bool read_only : {true, false}) {
      const int keys = make_store(true);
      const fs::path log = log_of(path());
      write_file(log, read_file(log) + std::string(5000, '\0') + torn);
      const Result<std::shared_ptr<KvStore>> store = try_open({{"read_only", read_only}});
      ASSERT_TRUE(store.has_value()) << store.status().to_string();
      EXPECT_EQ((*store)->stats().lost_writes, 0u);
      EXPECT_EQ(keys_of(**store), static_cast<std::size_t>(keys));
    }
  }
}

TEST_F(RocksDbZeroedLogTest, UpToTheEndOfAKilledStoresLogAreALossThatIsTold) {
  for (const bool read_only : {true, false}) {
    const auto keys = static_cast<std::uint64_t>(make_store(true));
    zero(log_of(path()), 3 * log_block_bytes, fs::file_size(log_of(path())) - 3 * log_block_bytes);
    const std::shared_ptr<KvStore> store = open({{"read_only", read_only}});
    EXPECT_EQ(store->stats().lost_writes, 1u);
    EXPECT_EQ(keys_of(*store), keys - 1);
  }
}

/// Nothing is left of it, and yet it is not a directory in which there never was one.
TEST_F(RocksDbZeroedLogTest, InPlaceOfAKilledStoresWholeLogAreALossThatIsTold) {
  const auto keys = static_cast<std::uint64_t>(make_store(true));
  zero(log_of(path()), 0, fs::file_size(log_of(path())));
  for (const bool read_only : {true, false}) {
    const Result<std::shared_ptr<KvStore>> store = try_open({{"read_only", read_only}});
    ASSERT_TRUE(store.has_value()) << store.status().to_string();
    EXPECT_GE((*store)->stats().lost_writes, keys);
    EXPECT_EQ(keys_of(**store), 0u);
  }
}

/// A store that was killed while several logs had writes that were in no table yet.
class RocksDbOlderLogTest : public RocksDbZeroedLogTest {
 protected:
  static constexpr int large_keys = 50, small_keys = 20;

  /// The first place from `begin` on where the record of a batch begins.
  static std::size_t batch_behind(const fs::path& log, std::size_t begin) {
    const std::string bytes = read_file(log);
    for (std::size_t at = 0; at + 7 < bytes.size();) {
      constexpr char full = 1, first = 2;
      if (at >= begin && (bytes[at + 6] == full || bytes[at + 6] == first)) return at;
      at +=
          7 + static_cast<unsigned char>(bytes[at + 4]) + (std::size_t{static_cast<unsigned char>(bytes[at + 5])} << 8);
      const std::size_t left = log_block_bytes - at % log_block_bytes;
      if (left < 7) at += left;
    }
    return 0;
  }

  /// Waits for the flushes under way: a copy made meanwhile would be no killed store.
  void wait_until_still() const {
    std::map<fs::path, std::uintmax_t> before, now;
    do {
      before = std::exchange(now, {});
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      for (const fs::directory_entry& file : fs::directory_iterator(path())) {
        std::error_code gone;
        now[file.path()] = fs::file_size(file.path(), gone);
      }
    } while (now != before);
  }

  std::vector<fs::path> make_logs() {
    const fs::path killed = parent() / "killed";
    fs::remove_all(path());
    {
      const std::shared_ptr<KvStore> store = open({{"write_buffer", "1MiB"}});
      for (int i = 0; i < large_keys; ++i) {
        require(store->set("k" + std::to_string(100 + i), noise(100000)));
        if (i < small_keys) require(store->set("small" + std::to_string(100 + i), noise(2000)));
      }
      wait_until_still();
      fs::copy(path(), killed, fs::copy_options::recursive);
    }
    fs::remove_all(path());
    fs::rename(killed, path());
    std::vector<fs::path> logs = files(".log");
    std::erase_if(logs, [](const fs::path& log) { return fs::file_size(log) == 0; });
    std::ranges::sort(logs);
    return logs;
  }
};

TEST_F(RocksDbOlderLogTest, OfAKilledStoreThatIsShorterIsNoTornEnd) {
  const std::size_t logs = make_logs().size();
  ASSERT_GE(logs, 4u);
  for (const bool is_zeroed : {true, false}) {
    for (std::size_t i = 0; i + 1 < logs; ++i) {
      SCOPED_TRACE(i);
      const fs::path log = make_logs().at(i);
      const std::uintmax_t bytes = fs::file_size(log);
      const std::size_t end = batch_behind(log, bytes / 2);
      if (is_zeroed) zero(log, end, bytes - end);
      if (!is_zeroed) fs::resize_file(log, end);
      expect_refused("logs lack writes");
      {
        const std::shared_ptr<KvStore> store = open({{"accept_loss", true}});
        const std::size_t keys = keys_of(*store);
        EXPECT_TRUE(keys < large_keys && keys >= large_keys / 4) << keys;
        EXPECT_TRUE(get(*store, "k100") == noise(100000) || i == 0);
        EXPECT_TRUE(get(*store, "k149") == noise(100000) || i > 0);  // tables have later writes than the first log
      }
      EXPECT_EQ(open()->stats().lost_writes, 0u);
    }
  }
}

TEST_F(RocksDbOlderLogTest, OfAKilledStoreThatIsMissingIsToldOf) {
  const std::size_t logs = make_logs().size();
  for (std::size_t i = 1; i + 1 < logs; ++i) {
    fs::remove(make_logs().at(i));
    expect_refused("logs lack writes");
  }
}

TEST_F(RocksDbOlderLogTest, OfAKilledStoreThatIsWholeIsReadToItsEnd) {
  for (const bool read_only : {true, false}) {
    make_logs();
    const std::shared_ptr<KvStore> store = open({{"read_only", read_only}});
    EXPECT_EQ(keys_of(*store), std::size_t{large_keys});
    EXPECT_EQ(store->scan("small").value().keys.size(), std::size_t{small_keys});
    EXPECT_EQ(store->stats().lost_writes, 0u);
  }
}

}  // namespace
}  // namespace cinch::test
