#include "backends/rocksdb/rocksdb_options.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>

#include "backends/rocksdb/meta_record.hpp"
#include "backends/rocksdb/rocksdb_log.hpp"

namespace cinch {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t min_write_buffer_bytes = mib;
constexpr std::uint64_t max_write_buffer_bytes = std::uint64_t{4} << 30;  // RocksDB's limit for a memtable
constexpr int files_that_stop_writes = 1000;                              // in level 0

rocksdb::ColumnFamilyOptions make_common_options(const std::shared_ptr<rocksdb::Cache>& block_cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = block_cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.checksum = rocksdb::kXXH3;

  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Values are compressed before they come here. The list per level must be empty too, or RocksDB uses Snappy.
  family.compression = rocksdb::kNoCompression;
  family.bottommost_compression = rocksdb::kNoCompression;
  family.blob_compression_type = rocksdb::kNoCompression;
  family.compression_per_level.clear();
  // RocksDB slows writes down long before. With its default, 36, a full disk that stops compactions stops removals too.
  family.level0_stop_writes_trigger = files_that_stop_writes;
  return family;
}

Status check_path(std::string_view path) {
  if (path.empty()) return {StatusCode::invalid_argument, "path: missing, expected the database's directory"};
  if (path.find('\0') == std::string_view::npos) return {};
  return {StatusCode::invalid_argument, "path: contains a zero byte, expected a directory"};
}

Status check_write_buffer(std::uint64_t bytes) {
  if (bytes >= min_write_buffer_bytes && bytes <= max_write_buffer_bytes) return {};
  return {StatusCode::invalid_argument, "write_buffer: " + format_size(bytes) + ", expected 1MiB to 4GiB"};
}

}  // namespace

std::vector<SettingInfo> RocksDbOptions::info() {
  const RocksDbOptions defaults;
  return {{"path", defaults.path},
          {"durability", "process"},
          {"read_only", defaults.read_only},
          {"create", defaults.create},
          {"accept_loss", defaults.accept_loss},
          {"write_buffer", format_size(defaults.write_buffer_bytes)},
          {"block_cache", format_size(defaults.block_cache_bytes)},
          {"blobs", defaults.blobs}};
}

Result<RocksDbOptions> RocksDbOptions::from_settings(const Settings& settings) {
  const RocksDbOptions defaults;
  const Result<std::string> path = settings.text("path", defaults.path);
  const Result<std::string> durability = settings.choice("durability", {"volatile", "process", "power"}, "process");
  const Result<bool> read_only = settings.boolean("read_only", defaults.read_only);
  const Result<bool> create = settings.boolean("create", defaults.create);
  const Result<bool> accept_loss = settings.boolean("accept_loss", defaults.accept_loss);
  const Result<std::uint64_t> write_buffer = settings.size("write_buffer", defaults.write_buffer_bytes);
  const Result<std::uint64_t> block_cache = settings.size("block_cache", defaults.block_cache_bytes);
  const Result<bool> blobs = settings.boolean("blobs", defaults.blobs);
  Status status = merged({settings.only(info()), path ? check_path(*path) : path.status(), durability.status(),
                          read_only.status(), create.status(), accept_loss.status(),
                          write_buffer ? check_write_buffer(*write_buffer) : write_buffer.status(),
                          block_cache.status(), blobs.status()});
  if (!status.ok()) return status;
  const Durability level = *durability == "volatile"  ? Durability::orderly_close
                           : *durability == "process" ? Durability::process_death
                                                      : Durability::power_loss;
  return RocksDbOptions{.path = *path,
                        .durability = level,
                        .read_only = *read_only,
                        .create = *create,
                        .accept_loss = *accept_loss,
                        .write_buffer_bytes = *write_buffer,
                        .block_cache_bytes = *block_cache,
                        .blobs = *blobs};
}

rocksdb::DBOptions make_db_options(const RocksDbOptions& options) {
  rocksdb::DBOptions db;
  db.env = options.env;
  db.create_if_missing = options.create;
  db.create_missing_column_families = true;
  db.info_log = make_rocksdb_logger(options.path);
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;

  db.max_total_wal_size = std::max(512 * mib, 4 * options.write_buffer_bytes);
  db.atomic_flush = options.durability == Durability::orderly_close;  // without a log, `meta` and `data` must agree

  // Read-write, tables stay open: 7.8.3 returns wrong values when it fails to reopen one. Read-only, a finite number
  // avoids a code path of 7.8.3 that does not find blobs.
  db.max_open_files = options.read_only ? 1000 : -1;
  // By default RocksDB opens tables on extra threads, and failing to start one ends the process.
  db.max_file_opening_threads = 1;
  db.allow_fallocate = false;  // a new log would take the space of a whole memtable at once, a manifest 4 MiB
  db.fail_if_options_file_error = true;
  // Nothing else verifies a whole blob file; tables have checksums per block, which are five times as fast.
  if (options.blobs) db.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  return db;
}

rocksdb::ColumnFamilyOptions make_meta_options(const RocksDbOptions& options,
                                               const std::shared_ptr<rocksdb::Cache>& block_cache) {
  rocksdb::ColumnFamilyOptions family = make_common_options(block_cache);
  // Not for `data`: it would hash every value three more times, and a frame has its own checksum.
  family.memtable_protection_bytes_per_key = 8;
  family.write_buffer_size = std::max(options.write_buffer_bytes / 4, min_write_buffer_bytes);
  family.target_file_size_base = family.write_buffer_size;
  family.max_bytes_for_level_base =
      4 * family.write_buffer_size;  // room for the 4 tables that trigger a compaction of level 0
  return family;
}

rocksdb::ColumnFamilyOptions make_data_options(const RocksDbOptions& options,
                                               const std::shared_ptr<rocksdb::Cache>& block_cache) {
  rocksdb::ColumnFamilyOptions family = make_common_options(block_cache);
  family.write_buffer_size = options.write_buffer_bytes;
  family.max_bytes_for_level_base =
      4 * family.write_buffer_size;  // room for the 4 tables that trigger a compaction of level 0
  if (!options.blobs) return family;

  family.target_file_size_base = 4 * mib;  // tables hold only keys and the places of their blobs
  family.max_bytes_for_level_base = 10 * family.target_file_size_base;
  family.enable_blob_files = true;
  family.min_blob_size = inline_value_bytes;
  family.enable_blob_garbage_collection = true;
  family.blob_garbage_collection_age_cutoff = 0.25;
  family.blob_garbage_collection_force_threshold = 0.5;
  family.blob_compaction_readahead_size = 2 * mib;
  return family;
}

rocksdb::WriteOptions make_write_options(Durability durability) {
  rocksdb::WriteOptions write;
  write.sync = durability == Durability::power_loss;
  write.disableWAL = durability == Durability::orderly_close;
  return write;
}

rocksdb::ReadOptions make_scan_options() {
  rocksdb::ReadOptions read;
  read.fill_cache = false;
  // cinch writes none, and looking for them, an iterator of 7.8.3 silently skips a damaged table.
  read.ignore_range_deletions = true;
  return read;
}

}  // namespace cinch
