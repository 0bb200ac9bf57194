/// A RocksDB store in a directory of its own; and its database, looked at and damaged with RocksDB's own API.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/backend_registry.hpp"
#include "tests/support/files.hpp"
#include "tests/support/random.hpp"
#include "tests/support/require.hpp"
#include "tests/support/temp_dir.hpp"

namespace cinch::test {

/// A closed database with all of its column families, opened without cinch.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& path, bool read_only = false, rocksdb::Options options = {}) {
    options.max_open_files = 1000;  // otherwise 7.8.3 finds no blobs read-only
    std::vector<std::string> names;
    check(rocksdb::DB::ListColumnFamilies(options, path, &names));
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, options);
    rocksdb::DB* opened = nullptr;
    check(read_only ? rocksdb::DB::OpenForReadOnly(options, path, families, &handles_, &opened)
                    : rocksdb::DB::Open(options, path, families, &handles_, &opened));
    db_.reset(opened);
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;
  ~RawDatabase() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) (void)db_->DestroyColumnFamilyHandle(handle);
  }

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* family(std::string_view name) {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      if (handle->GetName() == name) return handle;
    }
    throw std::runtime_error("no column family " + std::string(name));
  }
  std::size_t count(std::string_view name) {
    std::size_t keys = 0;
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator({}, family(name)));
    for (at->SeekToFirst(); at->Valid(); at->Next()) ++keys;
    check(at->status());
    return keys;
  }

  static void check(const rocksdb::Status& status) {
    if (!status.ok()) throw std::runtime_error(status.ToString());
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

class RocksDbTest : public testing::Test {
 protected:
  static constexpr std::string_view absent = "(absent)";

  std::string path() const { return dir_.file("db"); }
  const std::filesystem::path& parent() const { return dir_.path(); }

  Result<std::shared_ptr<KvStore>> try_open(Settings settings = {}) const {
    settings.set("path", path());
    return bundled_backends().open("rocksdb", settings);
  }
  std::shared_ptr<KvStore> open(const Settings& settings = {}) const {
    Result<std::shared_ptr<KvStore>> store = try_open(settings);
    require(store.status());
    return *store;
  }

  /// Sets the pairs in a store that is then opened and closed once more, so that recovery writes them to files.
  void store_in_files(const std::map<std::string, std::string>& content, const Settings& settings = {}) const {
    const std::shared_ptr<KvStore> store = open(settings);
    for (const auto& [key, value] : content) require(store->set(key, value));
    require(store->close());
    require(open(settings)->close());
  }

  /// How many keys a column family has, expired ones too. Requires: no store has the database.
  std::size_t keys_in(std::string_view family) const { return RawDatabase(path(), true).count(family); }

  /// The value, `absent`, or the error.
  static std::string get(KvStore& store, std::string_view key) {
    const GetResult value = store.get(key);
    if (!value) return value.error().to_string();
    return *value ? std::string((*value)->text()) : std::string(absent);
  }

  /// The files of the database whose names end like that.
  std::vector<std::filesystem::path> files(std::string_view extension) const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      if (entry.path().extension() == extension) found.push_back(entry.path());
    }
    return found;
  }

  /// Names and contents of all files there.
  static std::map<std::string, std::string> content_of(const std::filesystem::path& directory) {
    std::map<std::string, std::string> content;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
      content[entry.path().string()] = entry.is_regular_file() ? read_file(entry.path()) : "";
    }
    return content;
  }

 private:
  TempDir dir_;
};

}  // namespace cinch::test
