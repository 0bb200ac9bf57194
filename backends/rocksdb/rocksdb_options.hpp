/// The settings of the RocksDB backend, and what they mean to RocksDB.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/options.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cinch/settings.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// What an acknowledged write survives.
enum class Durability : std::uint8_t {
  orderly_close,  ///< "volatile": only an orderly close.
  process_death,  ///< "process".
  power_loss,     ///< "power".
};

struct RocksDbOptions {
  std::string path;
  Durability durability = Durability::process_death;
  bool read_only = false;
  bool create = true;
  bool accept_loss = false;
  std::uint64_t write_buffer_bytes = std::uint64_t{64} << 20;
  std::uint64_t block_cache_bytes = std::uint64_t{64} << 20;
  bool blobs = false;
  rocksdb::Env* env = rocksdb::Env::Default();  ///< For all writes; not a setting, but for tests that inject faults.

  /// The settings with their defaults.
  static std::vector<SettingInfo> info();

  /// Errors: `invalid_argument`, a line for each setting that is wrong.
  static Result<RocksDbOptions> from_settings(const Settings& settings);
};

rocksdb::DBOptions make_db_options(const RocksDbOptions& options);
rocksdb::ColumnFamilyOptions make_meta_options(const RocksDbOptions& options,
                                               const std::shared_ptr<rocksdb::Cache>& block_cache);
rocksdb::ColumnFamilyOptions make_data_options(const RocksDbOptions& options,
                                               const std::shared_ptr<rocksdb::Cache>& block_cache);
rocksdb::WriteOptions make_write_options(Durability durability);
rocksdb::ReadOptions make_scan_options();

}  // namespace cinch
