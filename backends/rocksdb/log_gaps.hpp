/// Looks for gaps in the logs. RocksDB tolerates a torn end of any log, not only of the newest, and goes on with the
/// next one without a report. Nor does it notice that one of them is missing.
#pragma once

#include <rocksdb/wal_filter.h>

#include <cstdint>
#include <optional>
#include <string>

namespace cinch {

/// For one recovery. A record that comes too early, because others are missing before it, is damage: the recovery mode
/// then decides, as for a wrong checksum.
class LogGaps final : public rocksdb::WalFilter {
 public:
  WalProcessingOption LogRecordFound(unsigned long long log, const std::string& file, const rocksdb::WriteBatch& batch,
                                     rocksdb::WriteBatch* changed, bool* is_changed) override;

  /// Part of RocksDB's error message, and stored in its OPTIONS files.
  const char* Name() const override { return "cinch.LogGaps: the logs lack writes that came before others in them"; }

 private:
  std::optional<std::uint64_t> next_sequence_;  // that the next record must have
};

}  // namespace cinch
