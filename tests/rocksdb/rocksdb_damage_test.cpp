// Damaged files: a call answers an error or the right bytes, never others, and never "absent" for what was stored.
#include <gmock/gmock.h>

#include <algorithm>
#include <ranges>

#include "cinch/compressed_kv_store.hpp"
#include "tests/rocksdb/rocksdb_test.hpp"

namespace cinch::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class RocksDbDamageTest : public RocksDbTest {
 protected:
  /// What is found of `content` with one file damaged in one place.
  struct Found {
    int right = 0;
    int errors = 0;  // an opening that is refused is one error
    int wrong = 0;   // other bytes, or nothing
  };

  void look(const std::map<std::string, std::string>& content, Found& found) const {
    const Result<std::shared_ptr<KvStore>> store = try_open();
    if (!store) {
      ++found.errors;
      return;
    }
    for (const auto& [key, expected] : content) {
      const GetResult value = (*store)->get(key);
      if (!value) {
        ++found.errors;
      } else {
        ++(*value && (*value)->text() == expected ? found.right : found.wrong);
      }
    }
  }

  /// Flips one bit of the file, looks, and puts the whole directory back; at `places` places spread over the file.
  Found flip(const fs::path& file, const std::map<std::string, std::string>& content, std::size_t places) {
    const fs::path kept = parent() / "kept";
    fs::copy(path(), kept, fs::copy_options::recursive);
    const std::string whole = read_file(file);
    std::mt19937_64 random(42);
    Found found;
    for (std::size_t i = 0; i < places; ++i) {
      std::string damaged = whole;
      const std::size_t at = (i * whole.size() + random() % whole.size()) / places % whole.size();
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
      write_file(file, damaged);
      look(content, found);
      if (found.wrong != 0) ADD_FAILURE() << "wrong bytes after a flip at " << at << " of " << file;
      if (found.wrong != 0) break;
      fs::remove_all(path());
      fs::copy(kept, path(), fs::copy_options::recursive);
    }
    return found;
  }

  static std::map<std::string, std::string> some_content() {
    return {{"blob/1", noise(5000)}, {"blob/2", noise(20000)}, {"small/1", noise(100)}, {"small/2", noise(4000)}};
  }
};

TEST_F(RocksDbDamageTest, AKeyWhoseValueIsGoneFromDataIsCorruptionAndNotAMiss) {
  store_in_files({{"k", noise(5000)}, {"other", noise(5001)}});
  {
    RawDatabase raw(path());
    RawDatabase::check(raw.db().Delete({}, raw.family("data"), "k"));
  }
  const std::shared_ptr<KvStore> store = open();
  const GetResult value = store->get("k");
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().code(), StatusCode::corruption);
  EXPECT_THAT(std::string(value.error().message()), HasSubstr("key \"k\""));
  EXPECT_THAT(std::string(value.error().message()), HasSubstr(path()));
  EXPECT_TRUE(get(*store, "other") == noise(5001));
}

TEST_F(RocksDbDamageTest, AKeyWithDamageCanBeSetAgainAndRemoved) {
  store_in_files({{"a", noise(5000)}, {"b", noise(5000)}});
  {
    RawDatabase raw(path());
    for (const char* key : {"a", "b"}) RawDatabase::check(raw.db().Delete({}, raw.family("data"), key));
  }
  const std::shared_ptr<KvStore> store = open();
  EXPECT_TRUE(store->set("a", noise(6000)).ok());
  EXPECT_TRUE(get(*store, "a") == noise(6000));
  EXPECT_TRUE(store->remove("b").ok());
  EXPECT_EQ(get(*store, "b"), absent);
}

TEST_F(RocksDbDamageTest, AValueOfAnEarlierSetIsCorruption) {
  store_in_files({{"k", noise(5000, 1)}});
  std::string earlier;
  {
    RawDatabase raw(path());
    RawDatabase::check(raw.db().Get({}, raw.family("data"), "k", &earlier));
  }
  store_in_files({{"k", noise(5000, 2)}});  // of the same length
  {
    RawDatabase raw(path());
    RawDatabase::check(raw.db().Put({}, raw.family("data"), "k", earlier));
  }
  EXPECT_EQ(open()->get("k").status().code(), StatusCode::corruption);
}

TEST_F(RocksDbDamageTest, AValueThatIsTooShortForItsTrailerIsCorruption) {
  store_in_files({{"k", noise(5000)}});
  for (const char* stored : {"", "1234567", "12345678"}) {
    {
      RawDatabase raw(path());
      RawDatabase::check(raw.db().Put({}, raw.family("data"), "k", stored));
    }
    EXPECT_EQ(open()->get("k").status().code(), StatusCode::corruption) << stored;
  }
}

TEST_F(RocksDbDamageTest, ARecordOfAnotherKeyIsCorruption) {
  store_in_files({{"a", "value of a"}, {"b", "value of b"}});
  {
    RawDatabase raw(path());
    std::string record;
    RawDatabase::check(raw.db().Get({}, raw.family("meta"), "a", &record));
    RawDatabase::check(raw.db().Put({}, raw.family("meta"), "b", record));
  }
  const std::shared_ptr<KvStore> store = open();
  EXPECT_EQ(get(*store, "a"), "value of a");
  EXPECT_EQ(store->get("b").status().code(), StatusCode::corruption);
}

TEST_F(RocksDbDamageTest, AFlippedBitAnywhereInARecordIsCorruption) {
  store_in_files({{"k", "value"}});
  std::string record;
  {
    RawDatabase raw(path());
    RawDatabase::check(raw.db().Get({}, raw.family("meta"), "k", &record));
  }
  ASSERT_EQ(record.size(), 40u + 5u);
  for (std::size_t at = 0; at < record.size(); ++at) {
    std::string damaged = record;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    {
      RawDatabase raw(path());
      RawDatabase::check(raw.db().Put({}, raw.family("meta"), "k", damaged));
    }
    const Status status = open({{"read_only", true}})->get("k").status();
    EXPECT_EQ(status.code(), StatusCode::corruption) << "byte " << at << ": " << status.to_string();
  }
}

TEST_F(RocksDbDamageTest, AFlippedBitInABlobFileNeverGivesWrongBytes) {
  const std::map<std::string, std::string> content = some_content();
  store_in_files(content, {{"blobs", true}});
  ASSERT_EQ(files(".blob").size(), 1u);
  const Found found = flip(files(".blob")[0], content, 60);
  EXPECT_EQ(found.wrong, 0);
  EXPECT_GE(found.errors, 50);
  EXPECT_GE(found.right, 60);  // the other keys are unharmed
}

TEST_F(RocksDbDamageTest, AFlippedBitInATableNeverGivesWrongBytes) {
  const std::map<std::string, std::string> content = some_content();
  store_in_files(content);
  int errors = 0;
  for (const fs::path& table : files(".sst")) {
    const Found found = flip(table, content, 40);
    fs::remove_all(parent() / "kept");
    EXPECT_EQ(found.wrong, 0);
    errors += found.errors;
  }
  EXPECT_GE(errors, 40);
}

/// RocksDB's iterators step over a table that they cannot read, where they look for range deletions.
TEST_F(RocksDbDamageTest, ATableThatCannotBeReadHidesNoKeysOfItsNeighbours) {
  constexpr int keys = 20;
  for (int i = 0; i < keys; ++i) {
    const std::shared_ptr<KvStore> store = open();  // the one before is written to a table of its own
    ASSERT_TRUE(store->set("k" + std::to_string(10 + i), "value").ok());
    ASSERT_TRUE(store->close().ok());
  }
  int errors = 0;
  for (const fs::path& table : files(".sst")) {
    const std::string whole = read_file(table);
    std::string damaged = whole;
    damaged[20] = static_cast<char>(damaged[20] ^ 0xff);
    write_file(table, damaged);
    const Result<std::shared_ptr<KvStore>> store = try_open({{"read_only", true}});
    int seen = 0;
    const auto count = [&](const std::string&) {
      ++seen;
      return Status();
    };
    const Status status = store ? for_each_key(**store, "", count) : store.error();
    errors += status.code() == StatusCode::corruption;
    EXPECT_TRUE(!status.ok() || seen == keys) << table << ": " << seen << " keys";
    write_file(table, whole);
  }
  EXPECT_GE(errors, 3);
}

TEST_F(RocksDbDamageTest, ADamagedBlockHidesNoKeysBeforeOrBehindIt) {
  constexpr int keys = 2000;
  std::map<std::string, std::string> content;
  for (int i = 0; i < keys; ++i) content["k" + std::to_string(10000 + i)] = noise(20);
  store_in_files(content);
  fs::path table;
  for (const fs::path& file : files(".sst")) {
    if (table.empty() || fs::file_size(file) > fs::file_size(table)) table = file;
  }
  const std::string whole = read_file(table);
  for (const int percent : {0, 1, 30, 50, 70, 89}) {
    std::string damaged = whole;
    const std::size_t at = whole.size() * static_cast<std::size_t>(percent) / 100 + 20;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_file(table, damaged);
    const std::shared_ptr<KvStore> store = open({{"read_only", true}});
    std::vector<std::string> before;
    const auto add = [&](const std::string& key) {
      before.push_back(key);
      return Status();
    };
    const Status status = for_each_key(*store, "", add);
    ASSERT_EQ(status.code(), StatusCode::corruption) << percent;
    EXPECT_TRUE(std::ranges::equal(before, content | std::views::keys | std::views::take(before.size())));
    EXPECT_GE(before.size() + 100, static_cast<std::size_t>(keys * percent / 110)) << percent;
    const std::string message(status.message());
    EXPECT_THAT(message, HasSubstr("scan after key \"" + (before.empty() ? "" : before.back()) + "\""));
    const std::string_view from = "keys can be listed again from key \"";
    ASSERT_THAT(message, HasSubstr(std::string(from)));
    const std::string first = message.substr(message.find(from) + from.size(), 6);
    const auto behind = content.upper_bound(first);
    EXPECT_LE(std::distance(content.begin(), behind) - static_cast<int>(before.size()), 100) << message;
    const std::vector<std::string> found = store->scan("", first).value().keys;
    EXPECT_TRUE(std::ranges::equal(found, std::ranges::subrange(behind, content.end()) | std::views::keys));
    EXPECT_FALSE(store->scan("", std::prev(behind, 2)->first).has_value()) << "passed over " << message;
    EXPECT_TRUE(get(*store, first) == noise(20));
  }
  write_file(table, whole);
}

/// With it the block claims a hash index that it has not, which an assertion of RocksDB takes for its own mistake.
TEST_F(RocksDbDamageTest, TheHighestBitOfATablesPropertiesRefusesToOpen) {
  store_in_files({{"small", "value"}, {"large", noise(5000)}});
  const std::vector<fs::path> tables = files(".sst");
  ASSERT_FALSE(tables.empty());
  for (const fs::path& table : tables) {
    const std::string whole = read_file(table);
    const auto* const footer = reinterpret_cast<const unsigned char*>(whole.data() + whole.size() - 53);
    const std::size_t metaindex = (footer[1] & 0x7fu) | std::size_t{footer[2]} << 7;  // of a table of 128 B to 16 KiB
    std::string damaged = whole;
    damaged[metaindex - 6] = static_cast<char>(damaged[metaindex - 6] ^ 0x80);
    write_file(table, damaged);
    EXPECT_EQ(try_open().status().code(), StatusCode::corruption) << table;
    EXPECT_THAT(try_open().status().to_string(), HasSubstr(table.filename().string()));
    write_file(table, whole);
  }
  EXPECT_EQ(get(*open(), "small"), "value");
}

TEST_F(RocksDbDamageTest, AFlippedBitInTheLogRefusesToOpen) {
  const std::map<std::string, std::string> content = some_content();
  {
    const std::shared_ptr<KvStore> store = open();
    for (const auto& [key, value] : content) ASSERT_TRUE(store->set(key, value).ok());
    ASSERT_TRUE(store->set("last", "v").ok());
  }
  fs::path log;
  for (const fs::path& file : files(".log")) {
    if (log.empty() || fs::file_size(file) > fs::file_size(log)) log = file;
  }
  ASSERT_GT(fs::file_size(log), 29000u);
  const std::string whole = read_file(log);
  std::string damaged = whole;
  damaged[whole.size() / 2] = static_cast<char>(damaged[whole.size() / 2] ^ 1);
  write_file(log, damaged);
  EXPECT_EQ(try_open().status().code(), StatusCode::corruption);
  write_file(log, whole);
  EXPECT_TRUE(get(*open(), "blob/1") == content.at("blob/1"));
}

TEST_F(RocksDbDamageTest, AMissingBlobFileIsCorruptionOfTheKeysInIt) {
  store_in_files({{"large", noise(100000)}, {"small", "v"}}, {{"blobs", true}});
  fs::remove(files(".blob")[0]);
  for (const bool read_only : {true, false}) {
    const std::shared_ptr<KvStore> store = open({{"read_only", read_only}});
    const Status status = store->get("large").status();
    EXPECT_EQ(status.code(), StatusCode::corruption) << status.to_string();
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("key \"large\""), HasSubstr(".blob")));
    EXPECT_EQ(get(*store, "small"), "v");
  }
}

TEST_F(RocksDbDamageTest, AMissingTableRefusesToOpen) {
  store_in_files(some_content());
  fs::remove(files(".sst")[0]);
  for (const bool read_only : {true, false}) {
    const Status status = try_open({{"read_only", read_only}}).status();
    EXPECT_EQ(status.code(), StatusCode::corruption) << status.to_string();
  }
}

TEST_F(RocksDbDamageTest, AFileThatAWriterDroppedBesideAReaderIsNoDamage) {
  store_in_files({{"large", noise(100000)}, {"small", "v"}}, {{"blobs", true}});
  const std::shared_ptr<KvStore> reader = open({{"read_only", true}});
  require(open({{"blobs", true}})->close());  // names another manifest
  fs::remove(files(".blob")[0]);
  EXPECT_EQ(reader->get("large").status().code(), StatusCode::busy);
  EXPECT_EQ(open({{"read_only", true}})->get("large").status().code(), StatusCode::corruption);
}

TEST_F(RocksDbDamageTest, ADirectoryThatIsGoneIsNoDamage) {
  store_in_files({{"large", noise(100000)}}, {{"blobs", true}});
  const std::shared_ptr<KvStore> store = open({{"read_only", true}});
  fs::remove_all(path());
  EXPECT_EQ(store->get("large").status().code(), StatusCode::io_error);
}

TEST_F(RocksDbDamageTest, CompressedValuesAreCheckedOnceMore) {
  // A frame of another key, put there with right checksums of RocksDB and of the record.
  const Result<std::shared_ptr<const Codec>> codec = default_registry().codec("zstd");
  ASSERT_TRUE(codec.has_value());
  const std::shared_ptr<KvStore> inner = open();
  CompressedKvStore store(inner, *codec);
  ASSERT_TRUE(store.set("a", std::string(50000, 'a')).ok());
  const Value frame = inner->get("a").value().value();
  ASSERT_TRUE(inner->set("b", frame.bytes()).ok());
  EXPECT_EQ(store.get("b").status().code(), StatusCode::corruption);
  EXPECT_EQ(store.get("a").value()->text(), std::string(50000, 'a'));
}

}  // namespace
}  // namespace cinch::test
