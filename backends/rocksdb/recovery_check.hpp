/// Checks whether RocksDB finds all acknowledged writes of a database again.
#pragma once

#include <rocksdb/options.h>

#include <cstdint>
#include <optional>
#include <string>

#include "backends/rocksdb/rocksdb_options.hpp"
#include "backends/rocksdb/watermark.hpp"
#include "cinch/status.hpp"

namespace cinch {

class RecoveryCheck {
 public:
  /// Reads the watermark before RocksDB changes anything in the directory. Errors: `corruption` if the manifest or the
  /// logs have changed since an orderly close or a checkpoint was made, unless `accept_loss` is set.
  static Result<RecoveryCheck> before_open(const RocksDbOptions& options);

  /// How RocksDB should treat a damaged log.
  rocksdb::WALRecoveryMode log_mode() const noexcept;

  /// Whether damage to the log may just be an end that was not yet on the disk when the power failed. RocksDB ignores
  /// an end that is cut off, but refuses one of which only some blocks were written.
  bool may_have_torn_log() const noexcept;

  /// How many acknowledged writes are missing if `sequence` is the newest one found.
  std::uint64_t missing(std::uint64_t sequence) const noexcept;

  /// Logs lost writes and returns the record to write to the watermark next.
  WatermarkRecord after_open(std::uint64_t sequence) const;

 private:
  RecoveryCheck(const RocksDbOptions& options, std::optional<WatermarkRecord> before);

  const RocksDbOptions* options_;
  std::optional<WatermarkRecord> before_;
  bool is_as_closed_ = false;
};

}  // namespace cinch
