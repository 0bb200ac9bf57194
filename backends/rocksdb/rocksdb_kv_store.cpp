#include "backends/rocksdb/rocksdb_kv_store.hpp"

#include <limits>
#include <string>
#include <utility>

#include "backends/rocksdb/database.hpp"
#include "backends/rocksdb/database_stats.hpp"
#include "backends/rocksdb/key_stripes.hpp"
#include "backends/rocksdb/process_exit.hpp"
#include "backends/rocksdb/process_fork.hpp"
#include "backends/rocksdb/record_reader.hpp"
#include "backends/rocksdb/record_writer.hpp"
#include "backends/rocksdb/rocksdb_status.hpp"
#include "backends/rocksdb/stamp_source.hpp"
#include "cinch/keys.hpp"
#include "cinch/store_support.hpp"

namespace cinch {
namespace {

// RocksDB writes lengths in 32 bits.
constexpr std::uint64_t max_value_bytes = (std::uint64_t{1} << 32) - (std::uint64_t{32} << 20);

// Expired keys that a write removes besides its own work: more than a set adds, but few enough to be quick.
constexpr std::size_t expired_keys_per_write = 4;
constexpr std::size_t every_key = std::numeric_limits<std::size_t>::max();

Status check_item(const SetItem& item) {
  if (Status status = check_set(item.key, item.options); !status.ok()) return status;
  if (item.value.size() <= max_value_bytes) return {};
  return {StatusCode::too_large, "value of " + std::to_string(item.value.size()) + " bytes, expected at most " +
                                     std::to_string(max_value_bytes)};
}

std::size_t batch_bytes(const SetItem& item) noexcept {
  constexpr std::size_t overhead = 2 * meta_head_bytes;
  return 2 * item.key.size() + item.value.size() + overhead;
}

std::size_t removal_bytes(std::string_view key) noexcept {
  constexpr std::size_t overhead = 32;
  return 2 * key.size() + overhead;
}

/// Null if the database is read-only.
Result<std::unique_ptr<StampSource>> stamps_of(Database& database) {
  if (database.options().read_only) return std::unique_ptr<StampSource>();
  return StampSource::open(database.db(), *database.layout(), database.write_options());
}

}  // namespace

BackendInfo RocksDbKvStore::info() {
  return {RocksDbOptions::info(),
          [](const Settings& settings) { return RocksDbOptions::from_settings(settings).status(); }};
}

Result<std::shared_ptr<KvStore>> RocksDbKvStore::open(const Settings& settings) {
  Result<RocksDbOptions> options = RocksDbOptions::from_settings(settings);
  if (!options) return options.error();
  return open_with(std::move(*options));
}

Result<std::shared_ptr<KvStore>> RocksDbKvStore::open_with(RocksDbOptions options) {
  StoreOpening opening;
  if (opening.is_refused()) return Status(StatusCode::closed, options.path + ": the process is ending");
  Result<std::unique_ptr<Database>> database = Database::open(std::move(options));
  if (!database) return database.error();
  Result<std::unique_ptr<StampSource>> stamps = stamps_of(**database);
  if (!stamps) return stamps.error();
  std::shared_ptr<RocksDbKvStore> store(new RocksDbKvStore(std::move(*database), std::move(*stamps)));
  opening.succeeded(*store);
  return std::shared_ptr<KvStore>(std::move(store));
}

RocksDbKvStore::RocksDbKvStore(std::unique_ptr<Database> database, std::unique_ptr<StampSource> stamps)
    : options_(database->options()),
      fork_generation_(fork_generation()),
      database_(std::move(database)),
      stamps_(std::move(stamps)),
      stripes_(std::make_unique<KeyStripes>()) {}

RocksDbKvStore::~RocksDbKvStore() {
  if (fork_generation() != fork_generation_) {
    forget_at_exit(*this);
    (void)database_.release();  // the parent's: closing would wait for its threads, which are not in this process
    return;
  }
  (void)close();
  forget_at_exit(*this);  // not earlier: the end of the process waits until the stores it knows are closed
}

Result<RocksDbKvStore::Lease> RocksDbKvStore::enter() {
  if (fork_generation() != fork_generation_) {
    return Status(StatusCode::closed, describe_database(options_.path) +
                                          ": the store belongs to the process that this one was forked from");
  }
  while (!is_closing_.load(std::memory_order_relaxed)) {
    Lease lease(open_mutex_);
    if (database_) return lease;
    lease.unlock();
    if (Status status = reopen(); !status.ok()) return status;
  }
  return Status(StatusCode::closed, describe_database(options_.path) + ": the store was closed");
}

Status RocksDbKvStore::reopen() {
  const std::unique_lock alone(open_mutex_);
  if (is_closing_) return {};
  if (database_ && database_->write_error().ok()) return {};  // another call was faster
  if (database_) {
    log_database(LogLevel::warning, options_.path, "is reopened, for its writes to work again");
    stamps_.reset();
    (void)database_->close();
    database_.reset();
  }
  RocksDbOptions existing = options_;
  existing.create = false;  // if the directory has gone, so have the values; a new one would hide that
  Result<std::unique_ptr<Database>> database = Database::open(existing);
  if (!database) return database.error().in("reopening it after an error");
  Result<std::unique_ptr<StampSource>> stamps = stamps_of(**database);
  if (!stamps) return stamps.error().in("reopening it after an error");
  database_ = std::move(*database);
  stamps_ = std::move(*stamps);
  return {};
}

Result<RocksDbKvStore::Lease> RocksDbKvStore::enter_to_write(std::string_view operation) {
  Result<Lease> lease = enter();
  if (lease && !stamps_) {
    return Status(StatusCode::unsupported, describe_database(database_->options().path) + ": " +
                                               std::string(operation) + ": the store was opened with read_only = true");
  }
  if (!lease) return lease;
  Status stopped = database_->write_error();
  if (stopped.ok()) return lease;
  if (!database_->should_reopen()) return stopped;
  lease->unlock();
  if (Status status = reopen(); !status.ok()) return status;
  return enter();
}

GetResult RocksDbKvStore::get(std::string_view key) {
  const Result<Lease> lease = enter();
  if (!lease) return lease.error();
  if (Status status = check_key(key); !status.ok()) return status;
  Result<std::optional<Head>> entry = read_entry(*database_, key, whole_value);
  if (!entry) return entry.error();
  if (!*entry) return std::optional<Value>();
  return std::optional<Value>(std::move((*entry)->first));
}

Result<bool> RocksDbKvStore::exists(std::string_view key) {
  const Result<Lease> lease = enter();
  if (!lease) return lease.error();
  if (Status status = check_key(key); !status.ok()) return status;
  const Result<std::optional<Head>> entry = read_entry(*database_, key, 0);
  if (!entry) return entry.error();
  return entry->has_value();
}

Result<std::optional<Head>> RocksDbKvStore::head(std::string_view key, std::size_t n) {
  const Result<Lease> lease = enter();
  if (!lease) return lease.error();
  if (Status status = check_key(key); !status.ok()) return status;
  return read_entry(*database_, key, n);
}

Result<KeyPage> RocksDbKvStore::scan(std::string_view prefix, std::optional<std::string_view> after,
                                     std::size_t limit) {
  const Result<Lease> lease = enter();
  if (!lease) return lease.error();
  return read_keys(*database_, prefix, after, limit);
}

Status RocksDbKvStore::set(std::string_view key, const ValueParts& value, const SetOptions& options) {
  const SetItem item{key, value, options};
  return batch_set(std::span(&item, 1));
}

Status RocksDbKvStore::batch_set(std::span<const SetItem> items) {
  const Result<Lease> lease = enter_to_write("set");
  if (!lease) return lease.error();
  std::size_t bytes = 0;
  for (const SetItem& item : items) {
    if (Status status = check_item(item); !status.ok()) return status.in(describe_key(item.key));
    bytes += batch_bytes(item);
  }
  if (Status status = database_->admit(SpaceUse::set, bytes); !status.ok()) return status;
  {
    RecordWriter writer(*database_, bytes);
    const auto locks = stripes_->share_all(items, [](const SetItem& item) { return item.key; });
    for (const SetItem& item : items) {
      if (Status status = add_set(writer, item, expiry_of(item.options.ttl)); !status.ok()) return status;
    }
    if (Status status = writer.commit(); !status.ok()) return status;
  }
  (void)reclaim_expired(expired_keys_per_write);  // what fails is found again later
  return {};
}

Status RocksDbKvStore::add_set(RecordWriter& writer, const SetItem& item, std::int64_t expires_at_ms) {
  const Result<std::uint64_t> stamp = stamps_->next();
  if (!stamp) return stamp.error();
  return writer.set(item.key, item.value, *stamp, expires_at_ms);
}

Result<bool> RocksDbKvStore::set_if(std::string_view key, std::uint64_t stamp, const ValueParts& value,
                                    const SetOptions& options) {
  const Result<Lease> lease = enter_to_write("set_if");
  if (!lease) return lease.error();
  const SetItem item{key, value, options};
  if (Status status = check_item(item); !status.ok()) return status;
  if (Status status = database_->admit(SpaceUse::set, batch_bytes(item)); !status.ok()) return status;
  const KeyStripes::Alone lock = stripes_->own(key);
  StoredRecord record;
  const Result<bool> found = record.read(*database_, {}, key);
  if (!found) return found.error();
  if (stamp != (*found ? record->stamp : 0)) return false;
  RecordWriter writer(*database_, batch_bytes(item));
  const bool keeps_ttl = options.keep_ttl && *found;
  if (Status status = add_set(writer, item, keeps_ttl ? record->expires_at_ms : expiry_of(options.ttl)); !status.ok()) {
    return status;
  }
  if (Status status = writer.commit(); !status.ok()) return status;
  return true;
}

Result<bool> RocksDbKvStore::touch(std::string_view key, std::chrono::milliseconds ttl) {
  const Result<Lease> lease = enter_to_write("touch");
  if (!lease) return lease.error();
  if (Status status = check_set(key, {.ttl = ttl}); !status.ok()) return status;
  if (Status status = database_->admit(SpaceUse::set, key.size() + inline_value_bytes); !status.ok()) return status;
  const KeyStripes::Alone lock = stripes_->own(key);
  StoredRecord stored;
  const Result<bool> found = stored.read(*database_, {}, key);
  if (!found || !*found) return found;
  MetaRecord record = *stored;
  record.expires_at_ms = expiry_of(ttl);
  RecordWriter writer(*database_);
  if (Status status = writer.set_record(key, record); !status.ok()) return status;
  if (Status status = writer.commit(); !status.ok()) return status;
  return true;
}

Status RocksDbKvStore::remove(std::string_view key) {
  const Result<Lease> lease = enter_to_write("remove");
  if (!lease) return lease.error();
  if (Status status = check_key(key); !status.ok()) return status;
  if (Status status = database_->admit(SpaceUse::removal, removal_bytes(key)); !status.ok()) return status;
  const KeyStripes::Shared lock = stripes_->share(key);
  RecordWriter writer(*database_);
  if (Status status = writer.remove(key); !status.ok()) return status;
  return writer.commit();
}

Result<std::uint64_t> RocksDbKvStore::remove_prefix(std::string_view prefix) {
  constexpr std::size_t page_keys = 4096;
  const Result<Lease> lease = enter_to_write("remove_prefix");
  if (!lease) return lease.error();
  std::uint64_t removed = 0;
  std::optional<std::string> after;
  for (;;) {
    Result<KeyPage> page = read_keys(*database_, prefix, after, page_keys);
    if (!page) return page.error();
    if (Status status = remove_keys(page->keys); !status.ok()) return status;
    removed += page->keys.size();
    if (!page->more) return removed;
    after = std::move(page->keys.back());
  }
}

Status RocksDbKvStore::remove_keys(std::span<const std::string> keys) {
  std::size_t bytes = 0;
  for (const std::string& key : keys) bytes += removal_bytes(key);
  if (Status status = database_->admit(SpaceUse::removal, bytes); !status.ok()) return status;
  const auto locks = stripes_->share_all(keys, [](const std::string& key) { return std::string_view(key); });
  RecordWriter writer(*database_);
  for (const std::string& key : keys) {
    if (Status status = writer.remove(key); !status.ok()) return status;
  }
  return writer.commit();
}

Status RocksDbKvStore::reclaim_expired(std::size_t max_keys) {
  for (const std::string& key : database_->take_expired(max_keys)) {
    if (Status status = database_->admit(SpaceUse::removal, removal_bytes(key)); !status.ok()) return status;
    const KeyStripes::Alone lock = stripes_->own(key);
    StoredRecord record;
    const Result<bool> found = record.read(*database_, {}, key);
    if (!found) return found.error();
    if (!record.was_expired()) continue;  // set or touched since it was found
    RecordWriter writer(*database_);
    if (Status status = writer.remove(key); !status.ok()) return status;
    if (Status status = writer.commit(); !status.ok()) return status;
  }
  return {};
}

Status RocksDbKvStore::flush() {
  const Result<Lease> lease = enter();
  if (!lease) return lease.error();
  if (Status stopped = database_->write_error(); !stopped.ok()) return stopped;
  if (stamps_) (void)reclaim_expired(every_key);  // what fails is found again later
  return database_->flush();
}

Status RocksDbKvStore::checkpoint(const std::string& directory) {
  const Result<Lease> lease = enter_to_write("checkpoint");
  if (!lease) return lease.error();
  return database_->checkpoint(directory);
}

StoreStats RocksDbKvStore::stats() {
  const Result<Lease> lease = enter();
  return lease ? read_stats(*database_) : StoreStats();
}

Status RocksDbKvStore::close() {
  const bool is_first = !is_closing_.exchange(true);
  if (fork_generation() != fork_generation_) return is_first ? enter().status() : Status();
  const std::unique_lock alone(open_mutex_);  // waits for calls in progress, and for another close
  if (!database_) return {};
  if (stamps_ && database_->write_error().ok()) (void)reclaim_expired(every_key);
  stamps_.reset();
  Status closed = database_->close();
  database_.reset();
  return closed;
}

}  // namespace cinch
