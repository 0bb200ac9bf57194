/// An open RocksDB database in cinch's layout (backends/README.md).
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <memory>
#include <string>

#include "backends/rocksdb/expired_keys.hpp"
#include "backends/rocksdb/rocksdb_options.hpp"
#include "cinch/status.hpp"

namespace cinch {

class Database {
 public:
  /// Errors: `invalid_argument` (no directory, no database, a database of somebody else), `locked`, `incompatible`,
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
  const std::shared_ptr<rocksdb::Cache>& block_cache() const noexcept { return block_cache_; }

  /// Remembers an expired key until somebody takes its space back. Nobody does when the database is read-only.
  void note_expired(std::string_view key) const noexcept {
    if (!options_.read_only) expired_keys_->note(key);
  }
  std::vector<std::string> take_expired(std::size_t most) { return expired_keys_->take(most); }

  /// All that was written is on the disk when it returns.
  Status flush();

  /// As `KvStore::checkpoint`.
  Status checkpoint(const std::string& directory);

  /// Closes; nothing but the destructor may follow.
  Status close();

 private:
  explicit Database(RocksDbOptions options);

  Status open_files();
  Status check_layout();

  const RocksDbOptions options_;
  const rocksdb::WriteOptions write_options_;
  const std::shared_ptr<rocksdb::Cache> block_cache_;
  const std::shared_ptr<ExpiredKeys> expired_keys_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

}  // namespace cinch
