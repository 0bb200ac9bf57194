// Where the RocksDB backend keeps values, by their size: in tables, the default, beside blob files (`blobs = true`).
#include <fstream>

#include "bench/bench_values.hpp"
#include "bench/plain_database.hpp"
#include "bench/report_stores.hpp"
#include "tests/support/payloads.hpp"

namespace cinch::bench {
namespace {

/// What this process has written to files so far.
double written_bytes() {
  std::ifstream io("/proc/self/io");
  for (std::string line; std::getline(io, line);) {
    if (line.starts_with("wchar:")) return std::stod(line.substr(6));
  }
  throw std::runtime_error("/proc/self/io has no wchar");
}

/// A bare store without a log, so that what it writes are its files alone.
class Layout {
 public:
  Layout(const std::string& name, bool blobs, const std::vector<std::vector<std::byte>>& values, std::size_t keys)
      : values_(values), directory_(name) {
    StoreConfig config = StoreConfig::from_url("rocksdb:" + directory_.path()).value();
    config.settings.set("durability", "volatile");
    config.settings.set("blobs", blobs);
    store_ = open_or_throw(config)->inner();
    for (std::size_t i = 0; i < keys; ++i) keys_.push_back("key" + std::to_string(i * 7919 % keys));
  }

  void put_all() {
    for (const std::string& key : keys_) require(store_->set(key, values_[next_++ % values_.size()]));
    require(store_->flush());
  }
  void get_all() {
    for (const std::string& key : keys_) (void)must_get(*store_, key);
  }
  /// That each key has the value that `put_all` set last.
  void check(Report& report) const {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const std::size_t put = next_ - keys_.size() + i;
      compare(report, keys_[i], must_get(*store_, keys_[i]).bytes(), values_[put % values_.size()]);
    }
  }
  double put_counted() {
    const double before = written_bytes();
    put_all();
    return written_bytes() - before;
  }

 private:
  const std::vector<std::vector<std::byte>>& values_;
  const Directory directory_;
  std::shared_ptr<KvStore> store_;
  std::vector<std::string> keys_;
  std::size_t next_ = 0;
};

void rows(Report& report, std::size_t size, std::size_t total) {
  std::vector<std::vector<std::byte>> values;
  for (std::uint64_t i = 0; i < 5; ++i) values.push_back(test::make_payload(test::PayloadKind::random, size, i));
  const std::size_t keys = total / size;
  const auto bytes = static_cast<double>(keys * size);
  Layout tables("tables", false, values, keys);
  Layout blobs("blobs", true, values, keys);
  double table_writes = 0;
  double blob_writes = 0;
  const int rounds = 6;
  for (int i = 0; i < rounds; ++i) {
    table_writes += tables.put_counted();
    blob_writes += blobs.put_counted();
  }
  tables.check(report);
  blobs.check(report);
  const std::string name = format_size(size) + ", ";
  report.bytes(
      name + "put and flush", "blob files", bytes, [&] { tables.put_all(); }, [&] { blobs.put_all(); });
  report.bytes(
      name + "get", "blob files", bytes, [&] { tables.get_all(); }, [&] { blobs.get_all(); });
  report.value(name + "written to files for each byte set", "blob files", "", table_writes / (rounds * bytes),
               blob_writes / (rounds * bytes), {}, false);
}

}  // namespace

void report_layout(Report& report) {
  report.section("RocksDB backend: values in tables beside values in blob files, noise, bare, no log");
  const std::size_t total = (report.is_quick() ? std::size_t{16} : std::size_t{64}) << 20;
  for (const std::size_t size : {std::size_t{8} << 10, std::size_t{64} << 10, std::size_t{2} << 20}) {
    rows(report, size, total);
  }
  if (!report.is_quick()) rows(report, std::size_t{16} << 20, total);
}

}  // namespace cinch::bench
