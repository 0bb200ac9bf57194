/// Stamps that are never given twice in the life of a database, not even after a crash.
#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <mutex>

#include "cinch/status.hpp"

namespace cinch {

/// Stamps are reserved in ranges: the end of the range in use is stored before its first stamp is given, and the next
/// opening goes on after it. Thread-safe. Borrows the database.
class StampSource {
 public:
  /// Requires: `default_family` and `write` belong to `db`, which outlives this object.
  StampSource(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& default_family, const rocksdb::WriteOptions& write)
      : db_(db), family_(default_family), write_(write) {}

  /// Reads where the last opening ended. Call it once, first.
  Status start();

  Result<std::uint64_t> next();

 private:
  Status reserve();

  rocksdb::DB& db_;
  rocksdb::ColumnFamilyHandle& family_;
  const rocksdb::WriteOptions write_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<std::uint64_t> reserved_end_{0};
  std::mutex reserving_;
};

}  // namespace cinch
