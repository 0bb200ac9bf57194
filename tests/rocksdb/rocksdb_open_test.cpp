// What the RocksDB store opens, what it refuses, and that it leaves alone what it refuses.
#include <gmock/gmock.h>

#include "tests/rocksdb/rocksdb_test.hpp"

namespace cinch::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RocksDbOpenTest : public RocksDbTest {
 protected:
  /// Opening is refused like that, in every way of opening.
  void expect_refused(StatusCode code, std::string_view why) {
    for (const Settings& settings : {Settings{}, Settings{{"read_only", true}}, Settings{{"create", false}}}) {
      const Result<std::shared_ptr<KvStore>> store = try_open(settings);
      ASSERT_FALSE(store.has_value());
      EXPECT_EQ(store.error().code(), code) << store.error().to_string();
      EXPECT_THAT(std::string(store.error().message()), HasSubstr(std::string(why)));
      EXPECT_THAT(std::string(store.error().message()), HasSubstr(path()));
    }
  }

  /// And nothing on the disk changes.
  void expect_refused_untouched(StatusCode code, std::string_view why) {
    const std::map<std::string, std::string> before = content_of(parent());
    expect_refused(code, why);
    EXPECT_TRUE(content_of(parent()) == before) << "something in the directory changed";
  }

  /// A database with our column families is RocksDB's to recover before its layout can be read; what it holds stays.
  void expect_layout_refused(std::string_view record, StatusCode code, std::string_view why) {
    store_in_files({{"k", noise(5000)}});
    put_layout(record);
    expect_refused(code, why);
    put_layout("version=1 mode=store");
    EXPECT_TRUE(get(*open(), "k") == noise(5000));
  }

  void put_layout(std::string_view record) {
    RawDatabase raw(path());
    rocksdb::WriteOptions durable;
    durable.sync = true;
    RawDatabase::check(raw.db().Put(durable, raw.family("default"), "cinch.layout", std::string(record)));
  }

  static Status open_with(const Settings& settings) { return bundled_backends().open("rocksdb", settings).status(); }

  void expect_bad_setting(Settings settings, std::string_view name) {
    if (!settings.has("path")) settings.set("path", path());
    const Status status = open_with(settings);
    EXPECT_EQ(status.code(), StatusCode::invalid_argument) << status.to_string();
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(name)));
    EXPECT_FALSE(fs::exists(path()));
  }
};

TEST_F(RocksDbOpenTest, CreatesADirectoryThatIsMissing) {
  ASSERT_TRUE(open()->set("k", "v").ok());
  EXPECT_TRUE(fs::is_directory(path()));
}

TEST_F(RocksDbOpenTest, CreatesADatabaseInAnEmptyDirectory) {
  fs::create_directory(path());
  EXPECT_TRUE(open()->set("k", "v").ok());
}

TEST_F(RocksDbOpenTest, WithoutCreateAMissingDirectoryIsRefusedAndStaysMissing) {
  for (const Settings& settings : {Settings{{"create", false}}, Settings{{"read_only", true}}}) {
    const Status status = try_open(settings).status();
    EXPECT_EQ(status.code(), StatusCode::invalid_argument) << status.to_string();
    EXPECT_THAT(std::string(status.message()), HasSubstr("there is no database"));
    EXPECT_FALSE(fs::exists(path()));
  }
}

TEST_F(RocksDbOpenTest, WithoutCreateADatabaseThatIsThereOpens) {
  ASSERT_TRUE(open()->set("k", "v").ok());
  EXPECT_EQ(get(*open({{"create", false}}), "k"), "v");
}

TEST_F(RocksDbOpenTest, AMissingParentIsRefused) {
  Settings settings{{"path", path() + "/below/db"}};
  EXPECT_EQ(open_with(settings).code(), StatusCode::invalid_argument);
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(RocksDbOpenTest, AFileIsRefused) {
  write_file(path(), "not a database");
  expect_refused_untouched(StatusCode::invalid_argument, "is a file");
}

TEST_F(RocksDbOpenTest, ADirectoryWithOtherFilesIsRefused) {
  fs::create_directory(path());
  write_file(path() + "/notes.txt", "mine");
  expect_refused_untouched(StatusCode::invalid_argument, "notes.txt");
}

TEST_F(RocksDbOpenTest, ADirectoryInWhichACreationWasCutShortOpens) {
  fs::create_directory(path());
  write_file(path() + "/LOCK", "");
  write_file(path() + "/IDENTITY", "some-identity");
  write_file(path() + "/000001.dbtmp", "MANIFEST-000001\n");
  EXPECT_TRUE(open()->set("k", "v").ok());
}

TEST_F(RocksDbOpenTest, ADatabaseOfSomebodyElseIsRefused) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  RawDatabase::check(rocksdb::DB::Open(options, path(), &opened));
  RawDatabase::check(opened->Put({}, "k", "v"));
  delete opened;
  expect_refused_untouched(StatusCode::invalid_argument, "that cinch did not make");
}

TEST_F(RocksDbOpenTest, ADatabaseWithOurFamilyNamesAndNoLayoutIsRefusedAndKeepsItsKeys) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  RawDatabase::check(rocksdb::DB::Open(options, path(), &opened));
  for (const char* name : {"meta", "data"}) {
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    RawDatabase::check(opened->CreateColumnFamily(options, name, &handle));
    RawDatabase::check(opened->Put({}, handle, "k", "v"));
    RawDatabase::check(opened->DestroyColumnFamilyHandle(handle));
  }
  delete opened;
  const Status status = try_open().status();
  EXPECT_EQ(status.code(), StatusCode::invalid_argument) << status.to_string();
  EXPECT_THAT(std::string(status.message()), HasSubstr("that cinch did not make"));
  RawDatabase raw(path());
  EXPECT_EQ(raw.count("default"), 0u);
  EXPECT_EQ(raw.count("meta"), 1u);
  EXPECT_EQ(raw.count("data"), 1u);
}

TEST_F(RocksDbOpenTest, ADatabaseWithoutItsCurrentFileIsCorruptionAndNotANewOne) {
  store_in_files({{"k", noise(5000)}});
  fs::remove(path() + "/CURRENT");
  expect_refused_untouched(StatusCode::corruption, "CURRENT");
}

TEST_F(RocksDbOpenTest, ADatabaseWithoutItsManifestIsCorruption) {
  store_in_files({{"k", noise(5000)}});
  for (const auto& entry : std::vector<fs::directory_entry>(fs::directory_iterator(path()), {})) {
    if (entry.path().filename().string().starts_with("MANIFEST-")) fs::remove(entry);
  }
  expect_refused_untouched(StatusCode::corruption, "CURRENT: names MANIFEST-");
}

TEST_F(RocksDbOpenTest, AClosingThatCannotBeNotedSaysSo) {
  const std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("k", "v").ok());
  fs::remove_all(path());
  EXPECT_EQ(store->close().code(), StatusCode::io_error);
}

TEST_F(RocksDbOpenTest, OpeningsThatWriteNothingLeaveNoLogsBehind) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(open()->close().ok());
  for (const fs::path& log : files(".log")) EXPECT_GT(fs::file_size(log), 0u) << log;
}

TEST_F(RocksDbOpenTest, ALaterLayoutIsIncompatible) {
  expect_layout_refused("version=2 mode=store", StatusCode::incompatible, "version 2");
}

TEST_F(RocksDbOpenTest, AnotherModeIsIncompatible) {
  expect_layout_refused("version=1 mode=cache", StatusCode::incompatible, "cache");
}

TEST_F(RocksDbOpenTest, ALayoutThatCannotBeReadIsCorruption) {
  expect_layout_refused("version=x", StatusCode::corruption, "version=x");
}

TEST_F(RocksDbOpenTest, BadSettingsAreRefusedByNameBeforeAnythingIsMade) {
  expect_bad_setting({{"pth", "x"}}, "pth");
  expect_bad_setting({{"durability", "perhaps"}}, "durability");
  expect_bad_setting({{"read_only", "yes"}}, "read_only");
  expect_bad_setting({{"create", 1}}, "create");
  expect_bad_setting({{"write_buffer", "1KiB"}}, "write_buffer");
  expect_bad_setting({{"write_buffer", "1TiB"}}, "write_buffer");
  expect_bad_setting({{"block_cache", "much"}}, "block_cache");
  expect_bad_setting({{"path", ""}}, "path");
  expect_bad_setting({{"path", std::string("a\0b", 3)}}, "path");
}

TEST_F(RocksDbOpenTest, AMissingPathIsRefused) {
  const Status status = open_with({});
  EXPECT_EQ(status.code(), StatusCode::invalid_argument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("path"));
}

TEST_F(RocksDbOpenTest, AnyDurabilityOpensWhatAnotherWrote) {
  std::string last(absent);
  for (const char* durability : {"volatile", "process", "volatile", "power", "process", "power", "volatile"}) {
    const std::shared_ptr<KvStore> store = open({{"durability", durability}});
    ASSERT_TRUE(get(*store, "k") == last) << durability;
    last = noise(5000 + last.size());
    ASSERT_TRUE(store->set("k", last).ok());
    ASSERT_TRUE(store->close().ok());
  }
  EXPECT_TRUE(get(*open({{"read_only", true}}), "k") == last);
}

TEST_F(RocksDbOpenTest, ASecondOpenerInTheSameProcessIsLockedAndTheFirstUnharmed) {
  const std::shared_ptr<KvStore> first = open();
  ASSERT_TRUE(first->set("k", "v").ok());
  const Status status = try_open().status();
  EXPECT_EQ(status.code(), StatusCode::locked) << status.to_string();
  EXPECT_THAT(std::string(status.message()), HasSubstr("another store, here or in another process, has it open"));
  EXPECT_EQ(open_with({{"path", path() + "/"}}).code(), StatusCode::locked);
  EXPECT_EQ(open_with({{"path", path() + "/../db"}}).code(), StatusCode::locked);
  EXPECT_EQ(get(*first, "k"), "v");
  EXPECT_TRUE(first->set("k", noise(5000)).ok());
  ASSERT_TRUE(first->close().ok());
  EXPECT_TRUE(get(*open(), "k") == noise(5000));
}

TEST_F(RocksDbOpenTest, AReadOnlyStoreFindsEveryKeyAndChangesNothing) {
  std::map<std::string, std::string> content;
  for (std::size_t i = 0; i < 100; ++i) content["k" + std::to_string(i)] = noise(i % 3 ? 5000 + i : i, i);
  store_in_files(content);
  const std::map<std::string, std::string> before = content_of(path());
  const std::shared_ptr<KvStore> store = open({{"read_only", true}});
  for (const auto& [key, value] : content) EXPECT_TRUE(get(*store, key) == value) << key;
  EXPECT_EQ(store->scan("").value().keys.size(), content.size());
  EXPECT_TRUE(store->flush().ok());
  EXPECT_TRUE(store->close().ok());
  EXPECT_TRUE(content_of(path()) == before);
}

TEST_F(RocksDbOpenTest, AReadOnlyStoreOpensWhileAWriterHasTheDatabase) {
  const std::shared_ptr<KvStore> writer = open({{"write_buffer", "1MiB"}});
  for (std::size_t i = 0; i < 60; ++i) {
    ASSERT_TRUE(writer->set(std::to_string(i), noise(i % 2 ? 100000 : 100, i)).ok());
    if (i % 20 != 19) continue;
    const std::shared_ptr<KvStore> reader = open({{"read_only", true}});
    for (std::size_t k = 0; k <= i; ++k) {
      EXPECT_TRUE(get(*reader, std::to_string(k)) == noise(k % 2 ? 100000 : 100, k)) << k << " of " << i;
    }
  }
  EXPECT_TRUE(writer->set("after", "v").ok());
}

TEST_F(RocksDbOpenTest, AReadOnlyStoreRefusesWrites) {
  ASSERT_TRUE(open()->set("k", "v").ok());
  const std::shared_ptr<KvStore> store = open({{"read_only", true}});
  const std::vector<SetItem> batch = {{"k", "new", {}}};
  EXPECT_EQ(store->set("k", "new").code(), StatusCode::unsupported);
  EXPECT_EQ(store->batch_set(batch).code(), StatusCode::unsupported);
  EXPECT_EQ(store->remove("k").code(), StatusCode::unsupported);
  EXPECT_EQ(store->remove_prefix("").status().code(), StatusCode::unsupported);
  EXPECT_EQ(store->touch("k", std::chrono::seconds(1)).status().code(), StatusCode::unsupported);
  EXPECT_EQ(store->set_if("k", 0, "new").status().code(), StatusCode::unsupported);
  EXPECT_EQ(get(*store, "k"), "v");
}

}  // namespace
}  // namespace cinch::test
