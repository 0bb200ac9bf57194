/// `RocksDbKvStore`: values on disk, in RocksDB. backends/README.md has its settings and layout.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <span>

#include "backends/rocksdb/rocksdb_options.hpp"
#include "backends/rocksdb/writer_first_mutex.hpp"
#include "cinch/backend_registry.hpp"
#include "cinch/kv_store.hpp"
#include "cinch/settings.hpp"

namespace cinch {

class Database;
class KeyStripes;
class RecordWriter;
class StampSource;

class RocksDbKvStore final : public KvStore {
 public:
  static BackendInfo info();
  static Result<std::shared_ptr<KvStore>> open(const Settings& settings);
  static Result<std::shared_ptr<KvStore>> open_with(RocksDbOptions options);
  ~RocksDbKvStore() override;

  GetResult get(std::string_view key) override;
  Status set(std::string_view key, const ValueParts& value, const SetOptions& options) override;
  Status remove(std::string_view key) override;
  Result<bool> exists(std::string_view key) override;
  Result<KeyPage> scan(std::string_view prefix, std::optional<std::string_view> after, std::size_t limit) override;
  Status flush() override;
  StoreStats stats() override;

  /// All or none.
  Status batch_set(std::span<const SetItem> items) override;
  Result<std::optional<Head>> head(std::string_view key, std::size_t n) override;
  Result<std::uint64_t> remove_prefix(std::string_view prefix) override;
  Result<bool> touch(std::string_view key, std::chrono::milliseconds ttl) override;
  Result<bool> set_if(std::string_view key, std::uint64_t stamp, const ValueParts& value,
                      const SetOptions& options) override;
  Status checkpoint(const std::string& directory) override;
  Status close() override;

 private:
  using Lease = std::shared_lock<WriterFirstMutex>;

  RocksDbKvStore(std::unique_ptr<Database> database, std::unique_ptr<StampSource> stamps);

  /// Keeps the database open for one call. Errors: `closed`; `unsupported` for a write to a read-only store.
  Result<Lease> enter();
  Result<Lease> enter_to_write(std::string_view operation);

  /// Reopens the database after an error that stopped writes. If that fails, every later call first tries it again.
  Status reopen();

  Status add_set(RecordWriter& writer, const SetItem& item, std::int64_t expires_at_ms);
  Status remove_keys(std::span<const std::string> keys);
  Status reclaim_expired(std::size_t max_keys);

  const RocksDbOptions options_;  // of the database: with an absolute path, which no chdir makes wrong
  const std::uint64_t fork_generation_;
  std::atomic<bool> is_closing_{false};
  WriterFirstMutex open_mutex_;          // shared by every call, exclusive for close and reopen
  std::unique_ptr<Database> database_;   // null after a failed reopen
  std::unique_ptr<StampSource> stamps_;  // null when read-only
  std::unique_ptr<KeyStripes> stripes_;
};

}  // namespace cinch
