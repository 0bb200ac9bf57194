#include "backends/rocksdb/stamp_source.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>

#include "backends/rocksdb/rocksdb_status.hpp"

namespace cinch {
namespace {

constexpr std::string_view stamps_key = "cinch.stamps";
constexpr std::uint64_t range = std::uint64_t{1} << 20;

/// The lower bound of new stamps: without a log a crash loses the reservation too, and only the clock prevents reuse.
std::uint64_t now_us() {
  using namespace std::chrono;
  const auto now = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  return now > 0 ? static_cast<std::uint64_t>(now) : 1;
}

}  // namespace

Result<std::unique_ptr<StampSource>> StampSource::open(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& default_family,
                                                       const rocksdb::WriteOptions& write) {
  std::string stored;
  std::uint64_t end = 0;
  const rocksdb::Status status = db.Get({}, &default_family, stamps_key, &stored);
  if (!status.ok() && !status.IsNotFound()) return from_rocksdb(status, "reading the reserved stamps");
  if (status.ok()) {
    const auto [last, error] = std::from_chars(stored.data(), stored.data() + stored.size(), end);
    if (error != std::errc() || last != stored.data() + stored.size()) {
      return Status(StatusCode::corruption, "the reserved stamps read \"" + stored + "\", expected a number");
    }
  }
  return std::unique_ptr<StampSource>(new StampSource(db, default_family, write, std::max(end, now_us())));
}

Result<std::uint64_t> StampSource::next() {
  const std::uint64_t stamp = next_.fetch_add(1, std::memory_order_relaxed);
  while (stamp >= reserved_end_.load(std::memory_order_acquire)) {
    if (Status status = reserve(); !status.ok()) return status;
  }
  return stamp;
}

Status StampSource::reserve() {
  const std::lock_guard lock(reserving_);
  const std::uint64_t end = reserved_end_.load(std::memory_order_relaxed);
  if (next_.load(std::memory_order_relaxed) <= end) return {};  // another thread was faster
  const rocksdb::Status status = db_.Put(write_, &family_, stamps_key, std::to_string(end + range));
  if (!status.ok()) return from_rocksdb(status, "reserving stamps");
  reserved_end_.store(end + range, std::memory_order_release);
  return {};
}

}  // namespace cinch
