// cinch over RocksDB beside RocksDB with compression of its own, 2 MiB, from the page cache, checksums on both sides.
#include <algorithm>
#include <chrono>
#include <thread>

#include "bench/bench_values.hpp"
#include "bench/plain_database.hpp"
#include "bench/report_stores.hpp"

namespace cinch::bench {
namespace {

struct Subject {
  std::string spec;
  rocksdb::CompressionType type;
  int level;
  double get_goal;
  std::optional<double> set_goal;
};

/// Some values under cinch and the same under RocksDB alone.
class Rivals {
 public:
  Rivals(Report& report, const Subject& subject, std::string_view content, bool is_logged)
      : report_(report), all_(values(content, 2u << 20)), subject_(subject), is_logged_(is_logged) {
    for (std::size_t i = 0; i < std::min<std::size_t>(all_.size(), report.is_quick() ? 4 : 24); ++i) {
      keys_.push_back("k" + std::to_string(i));
      bytes_ += static_cast<double>(all_[i].size());
    }
    config_ = StoreConfig::from_url("rocksdb:" + own_directory_.path()).value();
    config_.codec = subject.spec;
    config_.threads = 1;
    config_.settings.set("durability", is_logged ? "process" : "volatile");
    store_ = open_or_throw(config_);
    plain_ = std::make_unique<PlainDatabase>(plain_directory_.path(), plain_options(), !is_logged);
  }

  std::string against() const {
    return subject_.type == rocksdb::kNoCompression ? "RocksDB, uncompressed" : "RocksDB's own " + subject_.spec;
  }

  void put_rows(const std::string& name) {
    set_and_check_all();
    const std::optional<double> goal = is_logged_ ? std::nullopt : subject_.set_goal;
    report_.bytes(
        name, against(), bytes_,
        [&] {
          for (std::size_t i = 0; i < keys_.size(); ++i) require(store_->set(keys_[i], all_[i]));
          if (!is_logged_) require(store_->flush());
        },
        [&] {
          for (std::size_t i = 0; i < keys_.size(); ++i) plain_->set(keys_[i], all_[i]);
          if (!is_logged_) plain_->flush();
        },
        goal, [&] { wait_for_background_work(); });
  }

  /// RocksDB compresses again at every compaction: one that runs on is not to slow down the other's turn.
  void wait_for_background_work() const {
    const auto is_busy = [&] {
      const StoreStats stats = store_->stats();
      return plain_->is_busy() || std::ranges::any_of(stats.counters, [](const auto& counter) {
               return counter.first == "background_work" && counter.second != 0;
             });
    };
    while (is_busy()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  /// Both start with every value once, in files.
  void start_anew() {
    store_ = nullptr;
    plain_ = nullptr;
    std::filesystem::remove_all(own_directory_.path());
    std::filesystem::remove_all(plain_directory_.path());
    store_ = open_or_throw(config_);
    plain_ = std::make_unique<PlainDatabase>(plain_directory_.path(), plain_options(), !is_logged_);
    set_and_check_all();
  }

  void get_row(const std::string& name) {
    report_.bytes(
        name, against(), bytes_,
        [&] {
          for (const std::string& key : keys_) (void)must_get(*store_, key);
        },
        [&] {
          for (const std::string& key : keys_) (void)plain_->get(key);
        },
        subject_.get_goal);
  }

  void size_row(const std::string& name) {
    constexpr double mib = 1 << 20;
    report_.value(name, against(), "MiB", own_directory_.bytes() / mib, plain_directory_.bytes() / mib, 1.02, false);
  }

 private:
  /// Every value once, in files, and read from them.
  void set_and_check_all() {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      require(store_->set(keys_[i], all_[i]));
      plain_->set(keys_[i], all_[i]);
    }
    require(store_->flush());
    plain_->flush();
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      compare(report_, keys_[i], must_get(*store_, keys_[i]).bytes(), all_[i]);
      const rocksdb::PinnableSlice plain = plain_->get(keys_[i]);
      compare(report_, keys_[i], as_bytes({plain.data(), plain.size()}), all_[i]);
    }
  }

  rocksdb::Options plain_options() const {
    rocksdb::Options options;
    options.compression = subject_.type;
    options.compression_opts.level = subject_.level;
    return options;
  }

  Report& report_;
  const std::vector<std::vector<std::byte>>& all_;
  const Subject subject_;
  const bool is_logged_;
  const Directory own_directory_{"own"};
  const Directory plain_directory_{"plain"};
  StoreConfig config_;
  std::shared_ptr<CompressedKvStore> store_;
  std::unique_ptr<PlainDatabase> plain_;
  std::vector<std::string> keys_;
  double bytes_ = 0;
};

}  // namespace

void report_rocksdb(Report& report) {
  report.section("RocksDB, 2 MiB, from the page cache, one thread");
  const std::vector<Subject> subjects = {
      {"lz4", rocksdb::kLZ4Compression, rocksdb::CompressionOptions::kDefaultCompressionLevel, 1.0, 1.05},
      {"zstd:level=3", rocksdb::kZSTD, 3, 1.0, 1.05},
      {"raw", rocksdb::kNoCompression, 0, 0.95, {}}};
  for (const Subject& subject : subjects) {
    for (const char* content : {"tensor", "json"}) {
      const std::string name = subject.spec + ", " + content + ", ";
      {
        Rivals logged(report, subject, content, true);
        logged.put_rows(name + "put, logged");
      }
      Rivals rivals(report, subject, content, false);
      rivals.put_rows(name + "put and flush, no log");
      rivals.start_anew();
      rivals.get_row(name + "get");
      rivals.size_row(name + "on disk");
    }
  }
}

}  // namespace cinch::bench
