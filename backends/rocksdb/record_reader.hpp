/// Reads the record and value of a key, and keys in order.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/slice.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "backends/rocksdb/database.hpp"
#include "backends/rocksdb/meta_record.hpp"
#include "cinch/kv_store.hpp"

namespace cinch {

/// A record and the stored bytes that it borrows from.
class StoredRecord {
 public:
  StoredRecord() = default;
  StoredRecord(const StoredRecord&) = delete;
  StoredRecord& operator=(const StoredRecord&) = delete;

  /// False if the key has no record, or an expired one. Errors: `corruption`, `incompatible`, `io_error`.
  Result<bool> read(const Database& database, const rocksdb::ReadOptions& read, std::string_view key);

  /// Requires: `read` returned true.
  const MetaRecord& operator*() const noexcept { return record_; }
  const MetaRecord* operator->() const noexcept { return &record_; }

  /// Whether `read` found an expired record.
  bool was_expired() const noexcept { return was_expired_; }

 private:
  rocksdb::PinnableSlice stored_;
  MetaRecord record_;
  bool was_expired_ = false;
};

inline constexpr std::size_t whole_value = std::numeric_limits<std::size_t>::max();

/// Head and first bytes of one version of the key, or nothing if it is absent. Reads `data` only if the record has too
/// few of them. Errors: as `StoredRecord::read`; `corruption` if `data` lacks the record's value.
Result<std::optional<Head>> read_entry(const Database& database, std::string_view key, std::size_t first_bytes);

/// As `KvStore::scan`.
Result<KeyPage> read_keys(const Database& database, std::string_view prefix, std::optional<std::string_view> after,
                          std::size_t limit);

}  // namespace cinch
