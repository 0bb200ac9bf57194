/// `MemoryKvStore`: values in a sharded hash map, handed out without a copy.
///
/// What: each value is one allocation that `get` pins, aligned to 64 bytes if it has 64 or more. A value of 4 KiB or
/// more that is passed as a `Value` whose owner holds little else stays in that owner's buffer, with its alignment.
/// `batch_set` is not atomic. `scan` costs one pass over all keys per page. Threads: as `KvStore`; one shard's lock is
/// held, for the look-up only. Capacity: a hard cap on keys, values and overhead, exact, in bytes; values still pinned
/// after their removal count until they are released. A full store returns `no_space` and keeps what it has. Later sets
/// free expired values: within about a second, if sets keep coming.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "cinch/backend_registry.hpp"
#include "cinch/kv_store.hpp"
#include "cinch/settings.hpp"

namespace cinch {

class MemoryAccount;
struct MemoryShard;

struct MemoryOptions {
  std::uint64_t capacity_bytes = 0;  ///< 0: no cap.
  /// Hashes keys; null: XXH3 with a random seed per store, so that nobody can choose keys that collide.
  std::uint64_t (*hash)(std::string_view key) = nullptr;

  /// Settings: `capacity`, a size; `eviction`, only "none" so far. Errors: `invalid_argument`, a line for each setting
  /// that is wrong.
  static Result<MemoryOptions> from_settings(const Settings& settings);
};

class MemoryKvStore final : public KvStore {
 public:
  static BackendInfo info();
  static Result<std::shared_ptr<KvStore>> open(const Settings& settings);

  explicit MemoryKvStore(MemoryOptions options = {});
  ~MemoryKvStore() override;

  GetResult get(std::string_view key) override;
  Status set(std::string_view key, const ValueParts& value, const SetOptions& options = {}) override;
  Status remove(std::string_view key) override;
  Result<bool> exists(std::string_view key) override;
  Result<KeyPage> scan(std::string_view prefix, std::optional<std::string_view> after = std::nullopt,
                       std::size_t limit = 4096) override;
  Status flush() override;
  StoreStats stats() override;
  Result<std::optional<Head>> head(std::string_view key, std::size_t n) override;
  Result<std::uint64_t> remove_prefix(std::string_view prefix) override;
  Result<bool> touch(std::string_view key, std::chrono::milliseconds ttl) override;
  Result<bool> set_if(std::string_view key, std::uint64_t stamp, const ValueParts& value,
                      const SetOptions& options = {}) override;
  Status close() override;

 private:
  struct Leave {
    void operator()(MemoryAccount* account) const noexcept;
  };

  bool is_closed() const noexcept { return closed_.load(std::memory_order_acquire); }
  static Status closed();
  bool is_usable(std::string_view key) const noexcept { return !is_closed() && key.size() <= max_key_bytes; }
  Status refusal(std::string_view key) const;  // why `key` is not usable
  std::uint64_t hash_of(std::string_view key) const noexcept;
  MemoryShard& shard_of(std::uint64_t hash) noexcept;
  Result<bool> store(std::string_view key, const ValueParts& value, const SetOptions& options,
                     std::optional<std::uint64_t> expected_stamp);
  /// As `store`, but a full store frees expired values and tries again.
  Result<bool> store_or_sweep(std::string_view key, const ValueParts& value, const SetOptions& options,
                              std::optional<std::uint64_t> expected_stamp);
  bool sweep_all();  // whether anything was freed

  const MemoryOptions options_;
  const std::uint64_t seed_;
  std::vector<std::unique_ptr<MemoryAccount, Leave>> accounts_;  // each outlives the store while entries use it
  std::vector<MemoryShard> shards_;
  std::atomic<bool> closed_{false};
};

}  // namespace cinch
