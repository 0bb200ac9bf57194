/// RocksDB as a program without cinch would use it, and the directories that databases are measured in.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "cinch/bytes.hpp"

namespace cinch::bench {

/// A directory that goes with this object; not made yet.
class Directory {
 public:
  explicit Directory(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / ("cinch-report-" + name + "-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path_);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }

  /// What its files take, logs apart.
  double bytes() const {
    double sum = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      if (entry.path().extension() != ".log") sum += static_cast<double>(entry.file_size());
    }
    return sum;
  }

 private:
  std::filesystem::path path_;
};

class PlainDatabase {
 public:
  /// `options` beside what every database here has: no log file of its own, made where there is none.
  PlainDatabase(const std::string& path, rocksdb::Options options, bool without_log) {
    options.create_if_missing = true;
    options.info_log_level = rocksdb::FATAL_LEVEL;
    write_.disableWAL = without_log;
    rocksdb::DB* opened = nullptr;
    check(rocksdb::DB::Open(options, path, &opened));
    db_.reset(opened);
  }

  void set(const std::string& key, ByteView value) {
    check(db_->Put(write_, key, rocksdb::Slice(reinterpret_cast<const char*>(value.data()), value.size())));
  }
  void flush() { check(db_->Flush({})); }

  /// Whether a flush or a compaction runs or is due.
  bool is_busy() const {
    using Property = rocksdb::DB::Properties;
    for (const std::string& name : {Property::kNumRunningFlushes, Property::kNumRunningCompactions,
                                    Property::kMemTableFlushPending, Property::kCompactionPending}) {
      std::uint64_t value = 0;
      if (db_->GetIntProperty(name, &value) && value != 0) return true;
    }
    return false;
  }
  rocksdb::PinnableSlice get(const std::string& key) {
    rocksdb::PinnableSlice value;
    check(db_->Get({}, db_->DefaultColumnFamily(), key, &value));
    return value;
  }

 private:
  static void check(const rocksdb::Status& status) {
    if (!status.ok()) throw std::runtime_error(status.ToString());
  }
  rocksdb::WriteOptions write_;
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace cinch::bench
