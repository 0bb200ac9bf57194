// Large values are handed out where RocksDB read them, verified once by somebody who is fast at it.
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/table.h>

#include <cstdint>

#include "cinch/store_config.hpp"
#include "tests/rocksdb/rocksdb_test.hpp"

namespace cinch::test {
namespace {

constexpr std::size_t large = 1 << 20;

class RocksDbLargeValuesTest : public RocksDbTest {
 protected:
  /// Has RocksDB write all tables of `data` anew.
  void rewrite(const rocksdb::Options& options) const {
    RawDatabase raw(path(), false, options);
    rocksdb::CompactRangeOptions everything;
    everything.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    RawDatabase::check(raw.db().CompactRange(everything, raw.family("data"), nullptr, nullptr));
  }

  static rocksdb::Options with_checksum(rocksdb::ChecksumType checksum) {
    rocksdb::BlockBasedTableOptions table;
    table.checksum = checksum;
    rocksdb::Options options;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.compression = rocksdb::kNoCompression;
    return options;
  }
};

TEST_F(RocksDbLargeValuesTest, RocksDbDoesNotComputeTheirChecksumsAgain) {
  store_in_files({{"k", noise(large)}});
  const std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(get(*store, "k") == noise(large));  // indexes are in memory now
  rocksdb::SetPerfLevel(rocksdb::kEnableTime);
  rocksdb::get_perf_context()->Reset();
  EXPECT_TRUE(get(*store, "k") == noise(large));
  rocksdb::SetPerfLevel(rocksdb::kDisable);
  EXPECT_EQ(rocksdb::get_perf_context()->block_read_count, 1u);
  EXPECT_EQ(rocksdb::get_perf_context()->block_checksum_time, 0u);
}

TEST_F(RocksDbLargeValuesTest, TablesWithAnotherChecksumAreRead) {
  store_in_files({{"k", noise(large)}});
  rewrite(with_checksum(rocksdb::kCRC32c));
  EXPECT_TRUE(get(*open(), "k") == noise(large));
}

TEST_F(RocksDbLargeValuesTest, TablesThatRocksDbCompressedAreRead) {
  store_in_files({{"k", std::string(large, 'x')}});
  rocksdb::Options options = with_checksum(rocksdb::kXXH3);
  options.compression = rocksdb::kZSTD;
  rewrite(options);
  EXPECT_TRUE(get(*open(), "k") == std::string(large, 'x'));
}

TEST_F(RocksDbLargeValuesTest, DamageIsFoundWhateverTheChecksum) {
  for (const rocksdb::ChecksumType checksum : {rocksdb::kXXH3, rocksdb::kCRC32c, rocksdb::kxxHash64}) {
    std::filesystem::remove_all(path());
    store_in_files({{"k", noise(large)}});
    rewrite(with_checksum(checksum));
    for (const std::filesystem::path& file : files(".sst")) {
      std::string table = read_file(file);
      if (table.size() < large) continue;
      table[large / 2] = static_cast<char>(table[large / 2] ^ 1);
      write_file(file, table);
    }
    const GetResult value = open()->get("k");
    ASSERT_FALSE(value.has_value()) << "checksum " << static_cast<int>(checksum);
    EXPECT_EQ(value.error().code(), StatusCode::corruption);
  }
}

TEST_F(RocksDbLargeValuesTest, TheyOutliveTheirTableAndTheDatabase) {
  store_in_files({{"k", noise(large)}});
  const std::shared_ptr<KvStore> store = open();
  const GetResult first = store->get("k");
  const GetResult second = store->get("k");
  require(store->remove("k"));
  require(store->close());
  rewrite({});
  EXPECT_TRUE((*first)->text() == noise(large));
  EXPECT_TRUE((*second)->text() == noise(large));
}

TEST_F(RocksDbLargeValuesTest, TensorsStoredRawAreAligned) {
  StoreConfig config = StoreConfig::from_url("rocksdb:" + path()).value();
  config.codec = "raw";
  SetOptions typed;
  typed.tensor = TensorShape{};
  typed.tensor->dtype = Dtype::bf16;
  typed.tensor->ndim = 1;
  typed.tensor->dims[0] = large / 2;
  const std::string value = noise(large);
  for (int opening = 1; opening <= 2; ++opening) {
    const std::shared_ptr<CompressedKvStore> store = open_store(config).value();
    for (const std::string key : {"a", "ab", "a key of some length"}) {
      if (opening == 1) require(store->set(key, value, typed));
      if (opening == 1) continue;
      const GetResult found = store->get(key);
      ASSERT_TRUE(found && *found);
      EXPECT_TRUE((*found)->text() == value);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>((*found)->data()) % 64, 0u) << key;
    }
    require(store->close());
  }
}

}  // namespace
}  // namespace cinch::test
