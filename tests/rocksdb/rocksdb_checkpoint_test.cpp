// Copies of a store that is in use: everything acknowledged before the call, nothing half, and both go on alone.
#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cinch/store_config.hpp"
#include "tests/rocksdb/rocksdb_test.hpp"

namespace cinch::test {
namespace {

class RocksDbCheckpointTest : public RocksDbTest {
 protected:
  std::string copy_path(int i = 0) const { return (parent() / ("copy" + std::to_string(i))).string(); }

  static std::shared_ptr<KvStore> open_copy(const std::string& path, bool read_only = false) {
    Settings settings;
    settings.set("path", path);
    settings.set("read_only", read_only);
    settings.set("create", false);
    Result<std::shared_ptr<KvStore>> store = bundled_backends().open("rocksdb", settings);
    if (!store) throw std::runtime_error(store.error().to_string());
    return *store;
  }

  /// Small ones rest in `meta`, large ones in blobs.
  static std::string value(int i) { return noise(i % 3 == 0 ? 20'000 : 100, static_cast<std::uint64_t>(i)); }
};

/// Sets n0, n1, … and, in batches of two, `left` and `right`, which are always the same.
class Writer {
 public:
  Writer(KvStore& store, std::string (*value)(int)) : store_(store), value_(value), thread_([this] { run(); }) {}
  ~Writer() {
    stop_ = true;
    thread_.join();
  }
  int acknowledged() const { return acknowledged_; }
  bool failed() const { return failed_; }

 private:
  void run() {
    for (int i = 0; !stop_; ++i) {
      const std::string text = value_(i), pair = "pair " + std::to_string(i);
      const std::vector<SetItem> both = {{"left", std::string_view(pair)}, {"right", std::string_view(pair)}};
      if (!store_.set("n" + std::to_string(i), text).ok() || !store_.batch_set(both).ok()) {
        failed_ = true;
        return;
      }
      acknowledged_ = i + 1;
    }
  }

  KvStore& store_;
  std::string (*value_)(int);
  std::atomic<bool> stop_ = false, failed_ = false;
  std::atomic<int> acknowledged_ = 0;
  std::thread thread_;
};

TEST_F(RocksDbCheckpointTest, HasAllThatWasAcknowledgedWhileOthersWrite) {
  const std::shared_ptr<KvStore> store = open();
  constexpr int copies = 5;
  std::array<int, copies> acknowledged{};
  {
    const Writer writer(*store, value);
    for (int copy = 0; copy < copies; ++copy) {
      while (writer.acknowledged() < (copy + 1) * 20 && !writer.failed()) std::this_thread::yield();
      acknowledged[static_cast<std::size_t>(copy)] = writer.acknowledged();
      const Status made = store->checkpoint(copy_path(copy));
      ASSERT_TRUE(made.ok()) << made.to_string();
    }
    EXPECT_FALSE(writer.failed());
  }
  for (int copy = 0; copy < copies; ++copy) {
    for (const bool read_only : {true, false}) {
      const std::shared_ptr<KvStore> found = open_copy(copy_path(copy), read_only);
      EXPECT_EQ(found->stats().lost_writes, 0u);
      EXPECT_EQ(get(*found, "left"), get(*found, "right"));
      int i = 0;
      for (; get(*found, "n" + std::to_string(i)) == value(i); ++i) {
      }
      EXPECT_GE(i, acknowledged[static_cast<std::size_t>(copy)]);
      EXPECT_EQ(get(*found, "n" + std::to_string(i)), absent);  // neither another value nor an error ends it
    }
  }
}

TEST_F(RocksDbCheckpointTest, OfEveryDurabilityHasAllThatWasAcknowledged) {
  for (const char* durability : {"volatile", "process", "power"}) {
    Settings settings;
    settings.set("durability", durability);
    const std::shared_ptr<KvStore> store = open(settings);
    ASSERT_TRUE(store->set("small", durability).ok());
    ASSERT_TRUE(store->set("large", noise(50'000)).ok());
    const std::string copy = (parent() / durability).string();
    ASSERT_TRUE(store->checkpoint(copy).ok());
    const std::shared_ptr<KvStore> found = open_copy(copy);
    EXPECT_EQ(get(*found, "small"), durability);
    EXPECT_EQ(get(*found, "large"), noise(50'000));
    EXPECT_EQ(found->stats().lost_writes, 0u);
    ASSERT_TRUE(store->close().ok());
  }
}

TEST_F(RocksDbCheckpointTest, GoesItsOwnWayFromThenOn) {
  const std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("k", noise(20'000, 1)).ok());
  ASSERT_TRUE(store->checkpoint(copy_path()).ok());
  ASSERT_TRUE(store->set("k", noise(20'000, 2)).ok());
  const std::shared_ptr<KvStore> copy = open_copy(copy_path());
  EXPECT_EQ(get(*copy, "k"), noise(20'000, 1));
  ASSERT_TRUE(copy->remove("k").ok());
  ASSERT_TRUE(copy->close().ok());
  EXPECT_EQ(get(*store, "k"), noise(20'000, 2));
}

TEST_F(RocksDbCheckpointTest, ACompressedStoreMakesOneToo) {
  StoreConfig config;
  config.backend = "rocksdb";
  config.settings.set("path", path());
  const auto store = open_store(config);
  ASSERT_TRUE(store) << store.status().to_string();
  ASSERT_TRUE((*store)->set("k", std::string(100'000, 'x')).ok());
  ASSERT_TRUE((*store)->checkpoint(copy_path()).ok());
  config.settings.set("path", copy_path());
  const auto copy = open_store(config);
  ASSERT_TRUE(copy) << copy.status().to_string();
  EXPECT_EQ(get(**copy, "k"), std::string(100'000, 'x'));
}

TEST_F(RocksDbCheckpointTest, NothingIsOverwritten) {
  const std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("k", "v").ok());
  std::filesystem::create_directory(copy_path());
  const Status there = store->checkpoint(copy_path());
  EXPECT_EQ(there.code(), StatusCode::invalid_argument) << there.to_string();
  EXPECT_NE(there.message().find(copy_path()), std::string_view::npos) << there.to_string();
  EXPECT_TRUE(std::filesystem::is_empty(copy_path()));
  const std::string nowhere = (parent() / "no" / "where").string();
  const Status missing = store->checkpoint(nowhere);
  EXPECT_EQ(missing.code(), StatusCode::io_error) << missing.to_string();
  EXPECT_NE(missing.message().find(nowhere), std::string_view::npos) << missing.to_string();
  EXPECT_EQ(get(*store, "k"), "v");
}

/// RocksDB itself makes one in "copy0.tmp", and first removes what is there.
TEST_F(RocksDbCheckpointTest, NothingBesideItsPlaceIsTouched) {
  const std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("k", "v").ok());
  const std::filesystem::path neighbour = copy_path() + ".tmp";
  std::filesystem::create_directory(neighbour);
  std::ofstream(neighbour / "thesis.txt") << "mine";
  ASSERT_TRUE(store->checkpoint(copy_path() + "/").ok());
  EXPECT_EQ(std::filesystem::file_size(neighbour / "thesis.txt"), 4u);
  const auto is_of_a_copy = [](const auto& entry) { return entry.path().filename().string().starts_with("copy0"); };
  EXPECT_EQ(std::ranges::count_if(std::filesystem::directory_iterator(parent()), is_of_a_copy), 2);
  EXPECT_EQ(get(*open_copy(copy_path()), "k"), "v");
}

TEST_F(RocksDbCheckpointTest, MayBeReadByWhomItsStoreMayBeRead) {
  const std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("k", "v").ok());
  using std::filesystem::perms;
  for (const perms mode : {perms(0700), perms(0750), perms(0755), perms(02770)}) {
    std::filesystem::permissions(path(), mode);
    ASSERT_TRUE(store->checkpoint(copy_path()).ok());
    EXPECT_EQ(std::filesystem::status(copy_path()).permissions(), mode);
    std::filesystem::remove_all(copy_path());
  }
}

TEST_F(RocksDbCheckpointTest, OneThatIsNotWholeIsRefused) {
  const std::shared_ptr<KvStore> store = open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(store->set("k" + std::to_string(i), value(i)).ok());
  ASSERT_TRUE(store->checkpoint(copy_path()).ok());
  for (const auto& entry : std::filesystem::directory_iterator(copy_path())) {
    if (!entry.path().filename().string().starts_with("MANIFEST-")) continue;
    const std::string whole = read_file(entry);
    for (std::size_t left = whole.size() - 1; left > whole.size() / 2; left -= 29) {
      write_file(entry, whole.substr(0, left));
      const Status status = bundled_backends().open("rocksdb", {{"path", copy_path()}, {"read_only", true}}).status();
      ASSERT_EQ(status.code(), StatusCode::corruption) << left << " of " << whole.size() << ": " << status.to_string();
    }
    write_file(entry, whole);
  }
  EXPECT_EQ(get(*open_copy(copy_path()), "k9"), value(9));
}

TEST_F(RocksDbCheckpointTest, TellsOfTheLossesThatItsStoreTellsOf) {
  {
    const std::shared_ptr<KvStore> store = open();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(store->set("k" + std::to_string(i), value(i)).ok());
    std::filesystem::copy(path(), copy_path(1));
  }
  std::filesystem::remove_all(path());
  std::filesystem::rename(copy_path(1), path());  // as a kill leaves it
  for (const auto& log : files(".log")) std::filesystem::resize_file(log, 0);
  const std::shared_ptr<KvStore> store = open();
  const std::uint64_t lost = store->stats().lost_writes;
  ASSERT_GE(lost, 10u);
  ASSERT_TRUE(store->checkpoint(copy_path()).ok());
  EXPECT_EQ(open_copy(copy_path())->stats().lost_writes, lost);
}

TEST_F(RocksDbCheckpointTest, OfTwoAtOnceOneIsThere) {
  const std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("k", noise(50'000)).ok());
  for (int i = 0; i < 20; ++i) {
    std::atomic<int> made = 0;
    const auto make = [&] { made += store->checkpoint(copy_path(i)).ok(); };
    std::thread other(make);
    make();
    other.join();
    EXPECT_EQ(made, 1) << i;
    EXPECT_EQ(get(*open_copy(copy_path(i)), "k"), noise(50'000)) << i;
  }
}

}  // namespace
}  // namespace cinch::test
