/// Writes several keys together or not at all.
#pragma once

#include <rocksdb/write_batch.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "backends/rocksdb/database.hpp"
#include "backends/rocksdb/meta_record.hpp"
#include "cinch/bytes.hpp"
#include "cinch/status.hpp"

namespace cinch {

class RecordWriter {
 public:
  /// Reserves room for `bytes` bytes of keys and values.
  explicit RecordWriter(Database& database, std::size_t bytes = 0);

  Status set(std::string_view key, const ValueParts& value, std::uint64_t stamp, std::int64_t expires_at_ms);
  Status remove(std::string_view key);

  /// Replaces the record alone; `record.first` must be as it is stored.
  Status set_record(std::string_view key, const MetaRecord& record);

  Status commit();

 private:
  rocksdb::Status write();
  Status checked(const rocksdb::Status& status) const;
  Status remove_data(std::string_view key);

  Database& database_;
  rocksdb::WriteBatch batch_;
  std::vector<rocksdb::Slice> parts_;  // a member so that sets reuse its memory
  bool sets_data_ = false;
};

}  // namespace cinch
