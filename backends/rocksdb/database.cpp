#include "backends/rocksdb/database.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <thread>
#include <utility>

#include "backends/rocksdb/block_memory.hpp"
#include "backends/rocksdb/careful_env.hpp"
#include "backends/rocksdb/checkpoint.hpp"
#include "backends/rocksdb/database_stats.hpp"
#include "backends/rocksdb/fingerprint.hpp"
#include "backends/rocksdb/layout.hpp"
#include "backends/rocksdb/passing_cache.hpp"
#include "backends/rocksdb/rocksdb_log.hpp"
#include "backends/rocksdb/rocksdb_status.hpp"

namespace cinch {
namespace {

constexpr auto around_damage = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
constexpr int read_only_attempts = 8;
constexpr std::chrono::milliseconds space_wait(10);
constexpr std::chrono::milliseconds max_space_wait(700);

/// A database that outgrows the soft limit fails at work. Raising the limit is up to the host.
void warn_of_few_descriptors(const std::string& path) {
  constexpr std::size_t to_spare = 256;
  rlimit limit{};
  std::error_code failed;
  const std::filesystem::directory_iterator directory(path, failed);
  if (failed || getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const auto files = static_cast<std::size_t>(std::distance(begin(directory), end(directory)));
  if (files + to_spare <= limit.rlim_cur) return;
  log_database(LogLevel::warning, path,
               "keeps up to " + std::to_string(files) + " files open, and this process may open " +
                   std::to_string(limit.rlim_cur) + " (RLIMIT_NOFILE); writes fail when they run out");
}

std::shared_ptr<rocksdb::Cache> make_block_cache(std::uint64_t bytes) {
  rocksdb::LRUCacheOptions options;
  options.capacity = bytes;
  options.memory_allocator = make_block_memory();
  return rocksdb::NewLRUCache(options);
}

}  // namespace

Database::Database(RocksDbOptions options)
    : options_(std::move(options)),
      space_(options_.path),
      compaction_files_(std::make_shared<CompactionFiles>(space_)),
      env_(make_careful_env(*options_.env, space_, compaction_files_)),
      write_options_(make_write_options(options_.durability)),
      block_cache_(make_block_cache(options_.block_cache_bytes)),
      value_cache_(make_passing_cache(block_cache_)),
      expired_keys_(std::make_shared<ExpiredKeys>()),
      errors_(options_.path) {}

Result<std::unique_ptr<Database>> Database::open(RocksDbOptions options) {
  // One spelling per directory: RocksDB compares paths to tell what this process has open already.
  std::error_code failed;
  std::filesystem::path canonical = std::filesystem::absolute(options.path, failed);
  if (!failed) canonical = std::filesystem::weakly_canonical(canonical, failed);
  if (failed) return Status(StatusCode::io_error, options.path + ": " + failed.message());
  options.path = canonical.string();
  if (options.path.size() > 1 && options.path.back() == '/') options.path.pop_back();

  std::unique_ptr<Database> database(new Database(std::move(options)));
  Status status = database->open_files(database->options_.read_only);
  for (int attempt = 1; attempt < read_only_attempts && database->may_retry_open(status); ++attempt) {
    (void)database->close_files();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    status = database->open_files(database->options_.read_only);
  }
  if (status.code() == StatusCode::corruption && database->recovery_ && database->recovery_->may_have_torn_log()) {
    status = database->open_without_torn_end(status);
  }
  if (status.code() == StatusCode::corruption && database->options_.accept_loss) {
    status = database->open_around_damage(status);
  }
  if (status.ok()) status = database->check_layout();
  if (!status.ok()) return status.in(database->options_.path);
  database->start_watermark();
  warn_of_few_descriptors(database->options_.path);
  return database;
}

Status Database::open_files(bool read_only, std::optional<rocksdb::WALRecoveryMode> log_mode) {
  recovery_.reset();
  if (Status status = check_directory(options_); !status.ok()) return status;
  Result<RecoveryCheck> recovery = RecoveryCheck::before_open(options_);
  if (!recovery) return recovery.error();
  recovery_ = *recovery;
  rocksdb::ColumnFamilyOptions meta = make_meta_options(options_, block_cache_);
  meta.compaction_filter_factory = make_expiry_watch(expired_keys_);
  const std::vector<rocksdb::ColumnFamilyDescriptor> families{
      {std::string(layout_family), {}},
      {std::string(meta_family), meta},
      {std::string(data_family), make_data_options(options_, value_cache_)}};
  manifest_state_ = manifest_state(options_.path);
  log_gaps_ = std::make_unique<LogGaps>();
  rocksdb::DB* db = nullptr;
  rocksdb::DBOptions db_options = make_db_options(options_);
  db_options.env = env_.get();
  db_options.listeners = {errors_.listener(), compaction_files_};
  db_options.wal_recovery_mode = log_mode.value_or(recovery_->log_mode());
  if (db_options.wal_recovery_mode != around_damage) db_options.wal_filter = log_gaps_.get();
  const rocksdb::Status status =
      read_only ? rocksdb::DB::OpenForReadOnly(db_options, options_.path, families, &families_, &db)
                : rocksdb::DB::Open(db_options, options_.path, families, &families_, &db);
  db_.reset(db);
  if (db_) found_sequence_ = db_->GetLatestSequenceNumber();
  return from_rocksdb(status, read_only ? "open read-only" : "open");
}

/// Opens without what follows the damage of the log, unless acknowledged writes would be lost: then nothing is changed.
Status Database::open_without_torn_end(Status refused) {
  constexpr auto up_to_damage = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  (void)close_files();
  const bool can_be_read = open_files(true, up_to_damage).ok();
  if (!can_be_read || recovery_->missing(found_sequence_) != 0) return refused;
  log_database(
      LogLevel::warning, options_.path,
      "the end of its log is torn; what was written last, and is not known to have been acknowledged, is dropped");
  if (options_.read_only) return {};
  (void)close_files();
  return open_files(false, up_to_damage);
}

/// Opens with all that can be read of the logs. If tables have later writes, RocksDB refuses to stop at the damage.
Status Database::open_around_damage(Status refused) {
  (void)close_files();
  if (!open_files(options_.read_only, around_damage).ok()) return refused;
  log_database(LogLevel::warning, options_.path, "its logs are damaged before their end; all else in them is kept");
  return {};
}

/// A concurrent writer may delete files, logs included, between RocksDB's listing and opening them.
bool Database::may_retry_open(const Status& status) const {
  if (!options_.read_only) return false;
  if (status.ok()) return recovery_->missing(found_sequence_) != 0;
  return status.code() == StatusCode::io_error || status.code() == StatusCode::corruption;
}

Status Database::check_layout() {
  std::string record;
  const rocksdb::Status status = db_->Get({}, layout(), layout_key, &record);
  if (status.ok()) return check_layout_record(record);
  if (!status.IsNotFound()) return from_rocksdb(status, "reading the layout");
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    const std::unique_ptr<rocksdb::Iterator> any(db_->NewIterator(make_scan_options(), family));
    any->SeekToFirst();
    if (!any->status().ok()) return from_rocksdb(any->status(), "reading the layout");
    if (any->Valid()) return foreign_database("it has no layout record");
  }
  // A database that lost even its layout record is one that lost writes.
  if (options_.read_only) return recovery_->missing(found_sequence_) != 0 ? Status() : no_database();
  rocksdb::WriteOptions durable;  // the layout record must survive a crash, whatever `durability` says
  durable.sync = true;
  return from_rocksdb(db_->Put(durable, layout(), layout_key, make_layout_record()), "writing the layout");
}

void Database::start_watermark() {
  WatermarkRecord record = recovery_->after_open(found_sequence_);
  recovery_.reset();
  lost_writes_ = record.lost_writes;
  if (options_.read_only) return;
  record.sequence = db_->GetLatestSequenceNumber();
  watermark_ = std::make_unique<Watermark>(*env_, options_.path, record);
  if (!watermark_->failure().ok()) watermark_->warn();
}

bool Database::should_reopen() {
  // Reopening reads the log again and writes it to tables, which takes space.
  return !errors_.first().ok() && reopen_.is_due() && space_.check(SpaceUse::removal, 0, memtable_bytes(*this)).ok();
}

Status Database::admit(SpaceUse use, std::uint64_t bytes) {
  // A set is on the disk twice, in the log and in a table, until a flush has removed the log.
  if (use == SpaceUse::set && options_.durability != Durability::orderly_close) bytes *= 2;
  if (!space_.is_unsure(bytes)) return {};
  Status status = space_.check(use, bytes, memtable_bytes(*this));
  if (status.ok()) return status;
  // A flush lets the log of what it writes be deleted, and shows removals to compactions.
  const bool helps_at_once = space_.has_room(use, bytes, 0);
  if (helps_at_once || (flush_of_removals_.is_due() && space_.take_unflushed_removals())) {
    rocksdb::FlushOptions now;
    now.allow_write_stall = true;
    now.wait = false;  // RocksDB's own wait never ends if the flush fails
    if (!db_->Flush(now, families_).ok()) return status;
  }
  if (!helps_at_once && !space_.is_given_back()) return status;
  const auto deadline = std::chrono::steady_clock::now() + max_space_wait;
  while (!status.ok() && errors_.first().ok() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(space_wait);
    status = space_.check(use, bytes, memtable_bytes(*this));
  }
  return status;
}

void Database::note_written() {
  if (options_.durability != Durability::orderly_close) watermark_->advance(db_->GetLatestSequenceNumber());
}

Status Database::flush() {
  if (options_.read_only) return {};
  if (options_.durability != Durability::orderly_close) return from_rocksdb(db_->FlushWAL(true), "flush");
  rocksdb::FlushOptions now;
  now.allow_write_stall = true;
  const std::uint64_t sequence = db_->GetLatestSequenceNumber();
  const rocksdb::Status status = db_->Flush(now, families_);
  if (status.ok() && watermark_) watermark_->advance(sequence);
  return from_rocksdb(status, "flush");
}

Status Database::checkpoint(const std::string& directory) {
  WatermarkRecord record;
  record.sequence = db_->GetLatestSequenceNumber();
  record.lost_writes = lost_writes_;
  return make_checkpoint(*db_, *options_.env, directory, record);
}

Status Database::close() {
  if (!db_) return {};
  if (!watermark_) return close_files();
  Status flushed = errors_.first();
  if (flushed.ok()) flushed = flush();
  Status closed = close_files();
  if (!flushed.ok()) return flushed;  // not an orderly close: the log may end within a record
  return closed.ok() ? note_closed() : closed;
}

Status Database::note_closed() {
  rocksdb::FileLock* lock = nullptr;
  const Status locked = from_rocksdb(env_->LockFile(options_.path + "/LOCK", &lock), "noting that it is closed");
  if (locked.code() == StatusCode::locked) return {};  // another process has opened it meanwhile, and changes the files
  if (!locked.ok()) return locked;
  remove_empty_logs(*env_, options_.path);
  const Result<DirectoryState> state = read_directory_state(options_.path);
  if (state) watermark_->close(state->fingerprint());
  env_->UnlockFile(lock).PermitUncheckedError();
  return state.status();
}

Status Database::close_files() {
  if (!db_) return {};
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    if (rocksdb::Status status = db_->DestroyColumnFamilyHandle(family); !status.ok()) {
      log_database(LogLevel::warning, options_.path, status.ToString());
    }
  }
  families_.clear();
  const rocksdb::Status status = db_->Close();
  db_.reset();
  return from_rocksdb(status, "close");
}

Database::~Database() {
  if (const Status status = close(); !status.ok()) {
    log_database(LogLevel::error, options_.path, status.to_string());
  }
}

}  // namespace cinch
