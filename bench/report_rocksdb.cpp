// cinch over RocksDB beside RocksDB with compression of its own, 2 MiB, from the page cache, checksums on both sides.
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <unistd.h>

#include <filesystem>

#include "bench/bench_values.hpp"
#include "bench/report_stores.hpp"

namespace cinch::bench {
namespace {

namespace fs = std::filesystem;

class Directory {
 public:
  explicit Directory(const std::string& name)
      : path_(fs::temp_directory_path() / ("cinch-report-" + name + "-" + std::to_string(getpid()))) {
    fs::remove_all(path_);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }
  double bytes() const {
    double sum = 0;
    for (const auto& entry : fs::directory_iterator(path_)) {
      if (entry.path().extension() != ".log") sum += static_cast<double>(entry.file_size());
    }
    return sum;
  }

 private:
  fs::path path_;
};

/// A database as its manual has it for large values: blob files, compressed by RocksDB.
class PlainDatabase {
 public:
  PlainDatabase(const std::string& path, rocksdb::CompressionType type, int level) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.enable_blob_files = true;
    options.min_blob_size = 4096;
    options.compression = options.blob_compression_type = type;
    options.compression_opts.level = level;
    options.info_log_level = rocksdb::FATAL_LEVEL;
    rocksdb::DB* opened = nullptr;
    check(rocksdb::DB::Open(options, path, &opened));
    db_.reset(opened);
  }
  void set(const std::string& key, ByteView value) {
    check(db_->Put({}, key, rocksdb::Slice(reinterpret_cast<const char*>(value.data()), value.size())));
  }
  void flush() { check(db_->Flush({})); }
  std::size_t get(const std::string& key) {
    rocksdb::PinnableSlice value;
    check(db_->Get({}, db_->DefaultColumnFamily(), key, &value));
    return value.size();
  }

 private:
  static void check(const rocksdb::Status& status) {
    if (!status.ok()) throw std::runtime_error(status.ToString());
  }
  std::unique_ptr<rocksdb::DB> db_;
};

struct Subject {
  std::string spec;
  rocksdb::CompressionType type;
  int level;
  double get_goal;
  std::optional<double> set_goal;
};

void rows(Report& report, const Subject& subject, std::string_view content) {
  const std::vector<std::vector<std::byte>>& all = values(content, 2u << 20);
  const std::string name = subject.spec + ", " + std::string(content) + ", ";
  const Directory own_directory("own");
  const Directory plain_directory("plain");
  StoreConfig config = StoreConfig::from_url("rocksdb:" + own_directory.path()).value();
  config.codec = subject.spec;
  config.threads = 1;
  auto store = open_or_throw(config);
  auto plain = std::make_unique<PlainDatabase>(plain_directory.path(), subject.type, subject.level);
  const std::string against = subject.spec == "raw" ? "RocksDB, uncompressed" : "RocksDB's own " + subject.spec;
  const std::size_t count = std::min<std::size_t>(all.size(), 24);
  double bytes = 0;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i) {
    keys.push_back("k" + std::to_string(i));
    bytes += static_cast<double>(all[i].size());
  }
  const auto set_own = [&] {
    for (std::size_t i = 0; i < count; ++i) require(store->set(keys[i], all[i]));
  };
  const auto set_plain = [&] {
    for (std::size_t i = 0; i < count; ++i) plain->set(keys[i], all[i]);
  };
  // What is written is in files in the end on both sides: closing cinch's store flushes it.
  report.bytes(
      name + "put and flush", against, bytes,
      [&] {
        set_own();
        store = nullptr;
        store = open_or_throw(config);
      },
      [&] {
        set_plain();
        plain->flush();
        plain = nullptr;
        plain = std::make_unique<PlainDatabase>(plain_directory.path(), subject.type, subject.level);
      },
      subject.set_goal);
  for (std::size_t i = 0; i < count; ++i) {
    if (as_text(must_get(*store, keys[i]).bytes()) != as_text(all[i])) report.wrong(keys[i]);
  }
  report.bytes(
      name + "get", against, bytes,
      [&] {
        for (const std::string& key : keys) (void)must_get(*store, key);
      },
      [&] {
        for (const std::string& key : keys) (void)plain->get(key);
      },
      subject.get_goal);
}

}  // namespace

void report_rocksdb(Report& report) {
  report.section("RocksDB, 2 MiB, from the page cache");
  const std::vector<Subject> subjects = {
      {"lz4", rocksdb::kLZ4Compression, rocksdb::CompressionOptions::kDefaultCompressionLevel, 1.0, 1.05},
      {"zstd:level=3", rocksdb::kZSTD, 3, 1.0, 1.05},
      {"raw", rocksdb::kNoCompression, 0, 0.95, {}}};
  for (const Subject& subject : subjects) {
    for (const char* content : {"tensor", "json"}) rows(report, subject, content);
  }
}

}  // namespace cinch::bench
