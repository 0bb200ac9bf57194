/// Whether RocksDB finds everything again that a database once acknowledged.
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
  /// Reads the watermark, before RocksDB changes anything in the directory. Errors: `corruption` when something is
  /// missing that an orderly close left, unless `accept_loss` says to open all the same.
  static Result<RecoveryCheck> before_open(const RocksDbOptions& options);

  /// What RocksDB is to do with a damaged log.
  rocksdb::WALRecoveryMode log_mode() const noexcept;

  /// Whether a damaged log may be one whose end was not yet on the disk when the power failed: RocksDB passes over an
  /// end that is cut off, and refuses one of which some blocks were written and others were not.
  bool may_have_torn_log() const noexcept;

  /// How many acknowledged writes the database lacks when `sequence` is its newest one.
  std::uint64_t missing(std::uint64_t sequence) const noexcept;

  /// Logs what is lost; answers what the watermark is to say from now on.
  WatermarkRecord after_open(std::uint64_t sequence) const;

 private:
  RecoveryCheck(const RocksDbOptions& options, std::optional<WatermarkRecord> before);

  const RocksDbOptions* options_;
  std::optional<WatermarkRecord> before_;
  bool is_as_closed_ = false;
};

}  // namespace cinch
