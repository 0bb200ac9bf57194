/// An open RocksDB database in cinch's layout (backends/README.md).
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/rocksdb/compaction_files.hpp"
#include "backends/rocksdb/disk_space.hpp"
#include "backends/rocksdb/expired_keys.hpp"
#include "backends/rocksdb/log_gaps.hpp"
#include "backends/rocksdb/missing_file.hpp"
#include "backends/rocksdb/once_a_second.hpp"
#include "backends/rocksdb/recovery_check.hpp"
#include "backends/rocksdb/rocksdb_options.hpp"
#include "backends/rocksdb/watermark.hpp"
#include "backends/rocksdb/write_errors.hpp"
#include "cinch/status.hpp"

namespace cinch {

class Database {
 public:
  /// Errors: `invalid_argument` (no directory, no database, a database that is not cinch's), `locked`, `incompatible`,
  /// `corruption`, `no_space`, `io_error`; all name the path.
  static Result<std::unique_ptr<Database>> open(RocksDbOptions options);

  /// Waits for the database's background work.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const RocksDbOptions& options() const noexcept { return options_; }
  const rocksdb::WriteOptions& write_options() const noexcept { return write_options_; }
  rocksdb::DB& db() const noexcept { return *db_; }
  rocksdb::ColumnFamilyHandle* layout() const noexcept { return families_[0]; }
  rocksdb::ColumnFamilyHandle* meta() const noexcept { return families_[1]; }
  rocksdb::ColumnFamilyHandle* data() const noexcept { return families_[2]; }
  /// The block cache of `data`.
  const std::shared_ptr<rocksdb::Cache>& value_cache() const noexcept { return value_cache_; }

  /// Remembers an expired key until a write reclaims its space; a read-only database reclaims none.
  void note_expired(std::string_view key) const noexcept {
    if (!options_.read_only) expired_keys_->note(key);
  }
  std::vector<std::string> take_expired(std::size_t most) { return expired_keys_->take(most); }

  /// `status` of a read in cinch's terms. A missing file is `corruption`, or `busy` if a writer has deleted it.
  Status from_read(const rocksdb::Status& status, std::string_view context) const {
    return cinch::from_read(status, context, options_, manifest_state_);
  }

  /// To be called before a write of `bytes` bytes; `no_space` if they would need the reserve of the disk.
  Status admit(SpaceUse use, std::uint64_t bytes);

  /// The error that stopped writes, after which none may follow; success if there was none.
  Status write_error() const { return errors_.first(); }

  /// Whether to close and reopen the database, so that writes work again. Looks at the free space of the disk, at most
  /// once a second.
  bool should_reopen();

  /// To be called after every write that is about to be acknowledged.
  void note_written();

  /// How many acknowledged writes are known to be missing.
  std::uint64_t lost_writes() const noexcept { return lost_writes_; }

  /// Returns when all that was written is on the disk. Requires: no write error, or read-only.
  Status flush();

  /// As `KvStore::checkpoint`.
  Status checkpoint(const std::string& directory);

  /// Flushes and closes; only the destructor may follow.
  Status close();

 private:
  explicit Database(RocksDbOptions options);

  Status open_files(bool read_only, std::optional<rocksdb::WALRecoveryMode> log_mode = std::nullopt);
  Status open_without_torn_end(Status refused);
  Status open_around_damage(Status refused);
  bool may_retry_open(const Status& status) const;
  Status check_layout();
  void start_watermark();
  Status close_files();
  Status note_closed();

  const RocksDbOptions options_;
  DiskSpace space_;
  const std::shared_ptr<CompactionFiles> compaction_files_;
  const std::unique_ptr<rocksdb::Env> env_;
  const rocksdb::WriteOptions write_options_;
  const std::shared_ptr<rocksdb::Cache> block_cache_;
  const std::shared_ptr<rocksdb::Cache> value_cache_;
  const std::shared_ptr<ExpiredKeys> expired_keys_;
  WriteErrors errors_;
  OnceASecond reopen_;
  OnceASecond flush_of_removals_;
  std::unique_ptr<LogGaps> log_gaps_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::optional<RecoveryCheck> recovery_;  // only while opening
  std::string manifest_state_;             // before the opening
  std::uint64_t found_sequence_ = 0;       // of the newest write that the opening found
  std::uint64_t lost_writes_ = 0;
  std::unique_ptr<Watermark> watermark_;  // null when read-only
};

}  // namespace cinch
