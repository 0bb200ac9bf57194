// What the RocksDB store keeps: over closing, in which column family, until when.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "cinch/keys.hpp"
#include "cinch/store_support.hpp"
#include "tests/rocksdb/rocksdb_test.hpp"

namespace cinch::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t inline_value_bytes = 4096;  // by the layout: smaller values lie in `meta`

class RocksDbKvStoreTest : public RocksDbTest {
 protected:
  static SetOptions for_time(milliseconds ttl) {
    SetOptions options;
    options.ttl = ttl;
    return options;
  }

  static void wait_until_empty(KvStore& store) {
    while (!store.scan("").value().keys.empty()) std::this_thread::yield();
  }

  static std::uint64_t stamp_of(KvStore& store, std::string_view key) { return store.head(key, 0).value()->stamp; }

  std::uintmax_t bytes_of(std::string_view extension) const {
    std::uintmax_t bytes = 0;
    for (const std::filesystem::path& file : files(extension)) bytes += std::filesystem::file_size(file);
    return bytes;
  }
};

TEST_F(RocksDbKvStoreTest, ValuesOfEveryLengthComeBackAfterReopening) {
  std::map<std::string, std::string> content;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{511}, std::size_t{512}, std::size_t{513}, inline_value_bytes - 1,
        inline_value_bytes, inline_value_bytes + 1, std::size_t{2} << 20}) {
    content["k" + std::to_string(size)] = noise(size);
  }
  std::shared_ptr<KvStore> store = open();
  for (const auto& [key, value] : content) ASSERT_TRUE(store->set(key, value).ok());
  for (int opening = 1; opening <= 2; ++opening) {  // the first reads from the log, the second from files
    ASSERT_TRUE(store->close().ok());
    store = open();
    for (const auto& [key, value] : content) EXPECT_TRUE(get(*store, key) == value) << key << ", opening " << opening;
  }
}

TEST_F(RocksDbKvStoreTest, KeysOfEveryKindComeBackAfterReopening) {
  using std::string_literals::operator""s;
  std::vector<std::string> keys = {"",
                                   "\0"s,
                                   "\0\0"s,
                                   "a\0b"s,
                                   "a\0"s,
                                   "\xff",
                                   "\xff\xff",
                                   "\x80",
                                   "cinch.layout",
                                   "cinch.stamps",
                                   std::string(max_key_bytes, 'k'),
                                   std::string(max_key_bytes, '\0')};
  std::shared_ptr<KvStore> store = open();
  for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_TRUE(store->set(keys[i], noise(i % 2 ? 10 : 5000, i)).ok());
  ASSERT_TRUE(store->close().ok());
  store = open();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_TRUE(get(*store, keys[i]) == noise(i % 2 ? 10 : 5000, i)) << escape_key(keys[i]).substr(0, 20);
  }
  EXPECT_THAT(store->scan("").value().keys, testing::UnorderedElementsAreArray(keys));
}

TEST_F(RocksDbKvStoreTest, AKeyGoesFromSmallToLargeAndBack) {
  std::shared_ptr<KvStore> store = open();
  std::string last;
  for (const std::size_t size : {10u, 5000u, 20u, 4096u, 4095u, 100000u, 0u, 7000u, 6000u, 1u}) {
    last = noise(size);
    ASSERT_TRUE(store->set("k", last).ok());
    ASSERT_TRUE(get(*store, "k") == last) << size;
    ASSERT_TRUE(store->close().ok());
    store = open();
    ASSERT_TRUE(get(*store, "k") == last) << size << " after reopening";
  }
}

TEST_F(RocksDbKvStoreTest, SmallValuesLieInMetaAloneAndLargeOnesInData) {
  store_in_files({{"small", noise(inline_value_bytes - 1)}, {"large", noise(inline_value_bytes)}});
  EXPECT_EQ(keys_in("meta"), 2u);
  EXPECT_EQ(keys_in("data"), 1u);
}

TEST_F(RocksDbKvStoreTest, ASmallValueTakesTheLargeOneItReplacesOutOfData) {
  store_in_files({{"k", noise(100000)}});
  store_in_files({{"k", "small"}});
  EXPECT_EQ(keys_in("data"), 0u);
}

TEST_F(RocksDbKvStoreTest, RemovalTakesKeysOutOfBothFamilies) {
  store_in_files({{"a/1", "small"}, {"a/2", noise(5000)}, {"b", noise(5000)}, {"c", "small"}});
  const std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->remove("b").ok());
  EXPECT_EQ(store->remove_prefix("a/").value(), 2u);
  ASSERT_TRUE(store->close().ok());
  EXPECT_EQ(keys_in("meta"), 1u);
  EXPECT_EQ(keys_in("data"), 0u);
}

TEST_F(RocksDbKvStoreTest, ABatchWithAnInvalidItemSetsNothing) {
  const std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("a", "old").ok());
  const std::string long_key(max_key_bytes + 1, 'k');
  const std::string large = noise(5000);
  const Status status = store->batch_set(std::vector<SetItem>{{"a", "new", {}}, {"b", large, {}}, {long_key, "v", {}}});
  EXPECT_EQ(status.code(), StatusCode::invalid_argument);
  EXPECT_EQ(get(*store, "a"), "old");
  EXPECT_EQ(get(*store, "b"), absent);
  EXPECT_EQ(store->scan("").value().keys.size(), 1u);
}

TEST_F(RocksDbKvStoreTest, AKeyThatComesTwiceInABatchEndsWithTheLaterValue) {
  std::shared_ptr<KvStore> store = open();
  const std::string large = noise(5000);
  ASSERT_TRUE(
      store->batch_set(std::vector<SetItem>{{"a", large, {}}, {"b", "small", {}}, {"a", "a", {}}, {"b", large, {}}})
          .ok());
  EXPECT_EQ(get(*store, "a"), "a");
  EXPECT_TRUE(get(*store, "b") == large);
  ASSERT_TRUE(store->close().ok());
  EXPECT_EQ(keys_in("data"), 1u);
}

TEST_F(RocksDbKvStoreTest, StampsGrowAtEverySetAndOverReopening) {
  std::uint64_t last = 0;
  for (int opening = 0; opening < 3; ++opening) {
    const std::shared_ptr<KvStore> store = open();
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(store->set("k", noise(i % 2 ? 10 : 5000)).ok());
      const std::uint64_t stamp = stamp_of(*store, "k");
      EXPECT_GT(stamp, last) << "opening " << opening << ", set " << i;
      last = stamp;
    }
  }
}

TEST_F(RocksDbKvStoreTest, SetIfKnowsAStampFromBeforeReopening) {
  std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("k", "old").ok());
  const std::uint64_t stamp = stamp_of(*store, "k");
  ASSERT_TRUE(store->close().ok());
  store = open();
  EXPECT_EQ(stamp_of(*store, "k"), stamp);
  EXPECT_TRUE(store->set_if("k", stamp, "new").value());
  EXPECT_FALSE(store->set_if("k", stamp, "newer").value());
  EXPECT_EQ(get(*store, "k"), "new");
}

TEST_F(RocksDbKvStoreTest, AnExpiryComesBackAfterReopening) {
  std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("k", noise(5000), for_time(std::chrono::hours(1))).ok());
  const std::int64_t expires = store->head("k", 0).value()->expires_at_ms;
  EXPECT_GT(expires, now_ms());
  ASSERT_TRUE(store->close().ok());
  store = open();
  EXPECT_EQ(store->head("k", 0).value()->expires_at_ms, expires);
}

TEST_F(RocksDbKvStoreTest, AKeyThatExpiredStaysAbsentAfterReopening) {
  std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("small", "v", for_time(milliseconds(1))).ok());
  ASSERT_TRUE(store->set("large", noise(5000), for_time(milliseconds(1))).ok());
  wait_until_empty(*store);
  ASSERT_TRUE(store->close().ok());
  store = open({{"read_only", true}});
  EXPECT_EQ(get(*store, "small"), absent);
  EXPECT_EQ(get(*store, "large"), absent);
  EXPECT_TRUE(store->scan("").value().keys.empty());
}

TEST_F(RocksDbKvStoreTest, FlushTakesBackTheSpaceOfExpiredKeys) {
  const std::shared_ptr<KvStore> store = open();
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(store->set(std::to_string(i), noise(i % 2 ? 10 : 8000), for_time(milliseconds(1))).ok());
  }
  wait_until_empty(*store);
  ASSERT_TRUE(store->set("stays", noise(8000)).ok());
  ASSERT_TRUE(store->flush().ok());
  ASSERT_TRUE(store->close().ok());
  EXPECT_EQ(keys_in("meta"), 1u);
  EXPECT_EQ(keys_in("data"), 1u);
}

TEST_F(RocksDbKvStoreTest, CompactionFindsExpiredKeysThatNobodyReads) {
  const std::shared_ptr<KvStore> first = open();
  ASSERT_TRUE(first->set("brief", noise(5000), for_time(milliseconds(1))).ok());
  ASSERT_TRUE(first->close().ok());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (std::size_t meta_keys = 3; meta_keys != 2;) {  // each opening makes one more table; some make a compaction
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the expired key is still there";
    const std::shared_ptr<KvStore> store = open();
    for (const char* around : {"a", "z"}) {  // a table whose keys overlap no other's would be moved without a look
      ASSERT_TRUE(store->set(around, noise(100)).ok());
    }
    for (int i = 0; i < 20; ++i) {
      std::this_thread::sleep_for(milliseconds(5));  // gives a compaction time; the next opening gives more
      ASSERT_TRUE(store->flush().ok());
    }
    ASSERT_TRUE(store->close().ok());
    meta_keys = keys_in("meta");
  }
  EXPECT_EQ(keys_in("data"), 0u);
}

TEST_F(RocksDbKvStoreTest, AnExpiredKeyThatIsSetAgainStays) {
  const std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("k", noise(5000), for_time(milliseconds(1))).ok());
  wait_until_empty(*store);  // and notes the key as expired
  ASSERT_TRUE(store->set("k", noise(6000)).ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->set("other", "v").ok());
  ASSERT_TRUE(store->flush().ok());
  EXPECT_TRUE(get(*store, "k") == noise(6000));
}

TEST_F(RocksDbKvStoreTest, HeadAndScanDoNotReadValues) {
  store_in_files({{"k", noise(100000)}}, {{"blobs", true}});
  const std::shared_ptr<KvStore> store = open();
  ASSERT_EQ(files(".blob").size(), 1u);
  std::filesystem::remove(files(".blob")[0]);
  EXPECT_EQ(store->scan("").value().keys.size(), 1u);
  EXPECT_TRUE(store->exists("k").value());
  const Result<std::optional<Head>> head = store->head("k", 512);
  ASSERT_TRUE(head.has_value()) << head.status().to_string();
  EXPECT_EQ((*head)->size, 100000u);
  EXPECT_TRUE((*head)->first.text() == noise(100000).substr(0, 512));
  EXPECT_FALSE(store->get("k").has_value());  // it is the blob that get reads
}

TEST_F(RocksDbKvStoreTest, TablesAndBlobsAreReadWhicheverIsWritten) {
  const std::map<std::string, std::string> first{{"a", noise(5000)}, {"b", noise(300000)}};
  store_in_files(first, {{"blobs", true}});
  EXPECT_GE(bytes_of(".blob"), 305000u);
  store_in_files({{"c", noise(70000)}});
  const std::shared_ptr<KvStore> store = open();
  for (const auto& [key, value] : first) EXPECT_TRUE(get(*store, key) == value) << key;
  EXPECT_TRUE(get(*store, "c") == noise(70000));
  EXPECT_LE(bytes_of(".blob"), 306000u);
}

TEST_F(RocksDbKvStoreTest, ValuesAreStoredAsTheyAre) {
  std::map<std::string, std::string> content;
  for (int i = 0; i < 500; ++i) content["small" + std::to_string(i)] = std::string(4000, 's');
  for (int i = 0; i < 20; ++i) content["large" + std::to_string(i)] = std::string(100000, 'l');
  store_in_files(content);
  EXPECT_GE(bytes_of(".sst"), 500u * 4000 + 20u * 100000);
  for (const std::filesystem::path& file : std::filesystem::directory_iterator(path())) {
    if (!file.filename().string().starts_with("OPTIONS-")) continue;
    const std::string options = read_file(file);
    const std::size_t families = options.find("CFOptions \"meta\"");
    ASSERT_NE(families, std::string::npos);
    EXPECT_EQ(options.find("kSnappyCompression", families), std::string::npos);
  }
}

TEST_F(RocksDbKvStoreTest, RocksDbKeepsNoLogOfItsOwnInTheDirectory) {
  store_in_files({{"a", noise(5000)}, {"b", "small"}});
  for (const std::filesystem::path& file : std::filesystem::directory_iterator(path())) {
    EXPECT_FALSE(file.filename().string().starts_with("LOG")) << file;
  }
}

TEST_F(RocksDbKvStoreTest, FlushMakesEveryDurabilitySurviveWithoutClosing) {
  for (const std::string durability : {"volatile", "process", "power"}) {
    const std::shared_ptr<KvStore> store = open({{"durability", durability}});
    ASSERT_TRUE(store->set(durability, noise(5000)).ok());
    ASSERT_TRUE(store->set(durability + "/small", "v").ok());
    ASSERT_TRUE(store->flush().ok());
    // A read-only store sees what is in the files now, not what the other one holds in memory.
    const std::shared_ptr<KvStore> reader = open({{"read_only", true}});
    EXPECT_TRUE(get(*reader, durability) == noise(5000)) << durability;
    EXPECT_EQ(get(*reader, durability + "/small"), "v") << durability;
  }
}

}  // namespace
}  // namespace cinch::test
