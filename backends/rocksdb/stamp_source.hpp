/// Stamps that are never given twice in the life of a database, not even after a crash.
#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "cinch/status.hpp"

namespace cinch {

/// Stamps are reserved in ranges: the end of a range is stored before its first stamp is given out, and the next
/// opening continues after it. Thread-safe. Borrows the database.
class StampSource {
 public:
  /// Continues after the last reserved range. Requires: `default_family` and `write` belong to `db`, which outlives the
  /// source.
  static Result<std::unique_ptr<StampSource>> open(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& default_family,
                                                   const rocksdb::WriteOptions& write);

  Result<std::uint64_t> next();

 private:
  StampSource(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& default_family, const rocksdb::WriteOptions& write,
              std::uint64_t first)
      : db_(db), family_(default_family), write_(write), next_(first), reserved_end_(first) {}

  Status reserve();

  rocksdb::DB& db_;
  rocksdb::ColumnFamilyHandle& family_;
  const rocksdb::WriteOptions write_;
  std::atomic<std::uint64_t> next_;
  std::atomic<std::uint64_t> reserved_end_;
  std::mutex reserving_;
};

}  // namespace cinch
