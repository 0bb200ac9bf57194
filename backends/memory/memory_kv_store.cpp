#include "backends/memory/memory_kv_store.hpp"

#define XXH_INLINE_ALL  // keys are short, and a call would take longer than their hashes
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <mutex>
#include <random>
#include <thread>

#include "backends/memory/memory_entry.hpp"
#include "backends/memory/memory_shard.hpp"
#include "cinch/store_support.hpp"

namespace cinch {
namespace {

std::size_t shard_count() {
  return std::clamp<std::size_t>(std::bit_ceil(16u * std::thread::hardware_concurrency()), 64, 256);
}

std::uint64_t random_seed() {
  std::random_device random;
  return (std::uint64_t{random()} << 32) | random();
}

}  // namespace

Result<MemoryOptions> MemoryOptions::from_settings(const Settings& settings) {
  const Result<std::uint64_t> capacity = settings.size("capacity", 0);
  const Result<std::string> eviction = settings.choice("eviction", {"none"}, "none");
  Status status = merged({settings.only(MemoryKvStore::info().settings), capacity.status(), eviction.status()});
  if (!status.ok()) return status;
  MemoryOptions options;
  options.capacity_bytes = *capacity;
  return options;
}

BackendInfo MemoryKvStore::info() {
  return {{{"capacity", std::int64_t{0}}, {"eviction", "none"}},
          [](const Settings& settings) { return MemoryOptions::from_settings(settings).status(); }};
}

Result<std::shared_ptr<KvStore>> MemoryKvStore::open(const Settings& settings) {
  const Result<MemoryOptions> options = MemoryOptions::from_settings(settings);
  if (!options) return options.error();
  return std::shared_ptr<KvStore>(std::make_shared<MemoryKvStore>(*options));
}

MemoryKvStore::MemoryKvStore(MemoryOptions options) : options_(options), seed_(random_seed()), shards_(shard_count()) {
  // A capacity is exact, so all shards share one account. Without a capacity each has its own, so that threads do not
  // contend for its cache line.
  accounts_.reserve(shards_.size());
  for (MemoryShard& shard : shards_) {
    if (accounts_.empty() || options_.capacity_bytes == 0) {
      accounts_.emplace_back(new MemoryAccount(options_.capacity_bytes));
    }
    shard.account = accounts_.back().get();
  }
}

MemoryKvStore::~MemoryKvStore() { (void)close(); }

void MemoryKvStore::Leave::operator()(MemoryAccount* account) const noexcept { account->leave(); }

Status MemoryKvStore::refusal(std::string_view key) const { return is_closed() ? closed() : check_key(key); }

/// Also returned when a key is not found: a concurrent `close` may have emptied the shard already.
Status MemoryKvStore::closed() { return {StatusCode::closed, "memory: the store was closed"}; }

std::uint64_t MemoryKvStore::hash_of(std::string_view key) const noexcept {
  return options_.hash ? options_.hash(key) : XXH3_64bits_withSeed(key.data(), key.size(), seed_);
}

/// Uses bits that the shard's index does not: it places entries by the highest ones and tells them apart by the lowest
/// eight. With shared bits, all entries of a shard would crowd into a part of its groups.
MemoryShard& MemoryKvStore::shard_of(std::uint64_t hash) noexcept {
  return shards_[(hash >> 8) & (shards_.size() - 1)];
}

GetResult MemoryKvStore::get(std::string_view key) {
  if (!is_usable(key)) return refusal(key);
  const MemoryShard::Probe probe{hash_of(key), key};
  MemoryShard& shard = shard_of(probe.hash);
  Value dropped;
  const std::lock_guard lock(shard.mutex);
  MemoryEntry* entry = shard.find(probe, dropped);
  if (!entry) return is_closed() ? GetResult(closed()) : std::optional<Value>();
  return entry->as_value();
}

Status MemoryKvStore::set(std::string_view key, const ValueParts& value, const SetOptions& options) {
  return store_or_sweep(key, value, options, std::nullopt).status();
}

Result<bool> MemoryKvStore::set_if(std::string_view key, std::uint64_t stamp, const ValueParts& value,
                                   const SetOptions& options) {
  return store_or_sweep(key, value, options, stamp);
}

Result<bool> MemoryKvStore::store_or_sweep(std::string_view key, const ValueParts& value, const SetOptions& options,
                                           std::optional<std::uint64_t> expected_stamp) {
  Result<bool> stored = store(key, value, options, expected_stamp);
  if (stored || stored.error().code() != StatusCode::no_space || !sweep_all()) return stored;
  return store(key, value, options, expected_stamp);
}

bool MemoryKvStore::sweep_all() {
  const std::int64_t now = now_ms();
  bool found = false;
  for (MemoryShard& shard : shards_) {
    std::vector<Value> swept;  // freed after the lock is released
    const std::lock_guard lock(shard.mutex);
    if (shard.next_sweep != MemoryShard::never) shard.sweep(now, swept);
    found = found || !swept.empty();
  }
  return found;
}

Result<bool> MemoryKvStore::store(std::string_view key, const ValueParts& value, const SetOptions& options,
                                  std::optional<std::uint64_t> expected_stamp) {
  if (is_closed()) return closed();
  if (Status status = check_set(key, options); !status.ok()) return status;
  std::unique_ptr<MemoryEntry, Unpin> fresh(MemoryEntry::create(key, value, expiry_of(options.ttl)));
  const std::uint64_t charge = fresh->charge();
  if (options_.capacity_bytes != 0 && charge > options_.capacity_bytes) {
    return Status(StatusCode::too_large, "memory: a value that takes " + std::to_string(charge) +
                                             " bytes, the capacity is " + std::to_string(options_.capacity_bytes));
  }
  const std::uint64_t hash = hash_of(key);
  MemoryShard& shard = shard_of(hash);
  Value dropped;
  std::vector<Value> swept;
  const std::lock_guard lock(shard.mutex);
  if (is_closed()) return closed();
  if (shard.next_sweep != MemoryShard::never) {
    if (const std::int64_t now = now_ms(); now >= shard.next_sweep) shard.sweep(now, swept);
  }
  const auto [slot, is_new] = shard.entries.insert(MemoryShard::Slot{hash, fresh.get()});  // the one lookup
  MemoryEntry* const old = is_new ? nullptr : slot->entry;
  const bool may_set = !expected_stamp || *expected_stamp == (old && !old->is_expired() ? old->stamp : 0);
  const bool goes_now = old && !old->is_shared();  // pinned by nobody, and with the lock held nobody can
  if (!may_set || !shard.account->exchange(goes_now ? old->charge() : 0, charge)) {
    if (is_new) shard.entries.erase(slot);
    if (!may_set) return false;
    return Status(StatusCode::no_space, "memory: " + std::to_string(shard.account->used()) + " of " +
                                            std::to_string(options_.capacity_bytes) + " bytes are in use, " +
                                            std::to_string(charge) + " more are needed");
  }
  if (options.keep_ttl && expected_stamp.value_or(0) != 0) fresh->expires_at_ms = old->expires_at_ms;
  fresh->set_account(shard.account);
  fresh->stamp = ++shard.last_stamp;
  shard.expect_expiry(fresh->expires_at_ms);
  if (goes_now) old->set_account(nullptr);
  if (old) {
    old->prefetch_for_reuse();
    dropped = old->into_value();
  }
  slot->entry = fresh.release();
  return true;
}

Status MemoryKvStore::remove(std::string_view key) {
  if (!is_usable(key)) return refusal(key);
  const MemoryShard::Probe probe{hash_of(key), key};
  MemoryShard& shard = shard_of(probe.hash);
  Value dropped;
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.entries.find(probe);
  if (found == shard.entries.end()) return {};
  dropped = found->entry->into_value();
  shard.entries.erase(found);
  return {};
}

Result<bool> MemoryKvStore::exists(std::string_view key) {
  const GetResult found = get(key);
  if (!found) return found.error();
  return found->has_value();
}

Result<std::optional<Head>> MemoryKvStore::head(std::string_view key, std::size_t n) {
  if (!is_usable(key)) return refusal(key);
  const MemoryShard::Probe probe{hash_of(key), key};
  MemoryShard& shard = shard_of(probe.hash);
  Value dropped;
  const std::lock_guard lock(shard.mutex);
  MemoryEntry* entry = shard.find(probe, dropped);
  if (!entry) return is_closed() ? Result<std::optional<Head>>(closed()) : std::optional<Head>();
  const Value value = entry->as_value();
  return std::optional<Head>(
      Head{value.size(), entry->expires_at_ms, entry->stamp, value.part(0, std::min(n, value.size()))});
}

Result<KeyPage> MemoryKvStore::scan(std::string_view prefix, std::optional<std::string_view> after, std::size_t limit) {
  if (is_closed()) return closed();
  if (Status status = check_limit(limit); !status.ok()) return status;
  KeyPage page;
  for (MemoryShard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    if (is_closed()) return closed();
    shard.collect(prefix, after, limit, page);
  }
  std::ranges::sort_heap(page.keys);
  return page;
}

Status MemoryKvStore::flush() { return is_closed() ? closed() : Status(); }

StoreStats MemoryKvStore::stats() {
  StoreStats stats;
  for (MemoryShard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    stats.values += shard.entries.size();
    stats.estimated |= shard.next_sweep != MemoryShard::never;  // some values may have expired
  }
  for (const auto& account : accounts_) stats.stored_bytes += account->used();
  stats.capacity_bytes = options_.capacity_bytes;
  return stats;
}

Result<std::uint64_t> MemoryKvStore::remove_prefix(std::string_view prefix) {
  if (is_closed()) return closed();
  std::uint64_t removed = 0;
  for (MemoryShard& shard : shards_) {
    std::vector<Value> dropped;  // freed after the lock is released
    const std::lock_guard lock(shard.mutex);
    if (is_closed()) return closed();
    removed += shard.remove_prefix(prefix, dropped);
  }
  return removed;
}

Result<bool> MemoryKvStore::touch(std::string_view key, std::chrono::milliseconds ttl) {
  if (!is_usable(key)) return refusal(key);
  if (Status status = check_set(key, {.ttl = ttl}); !status.ok()) return status;
  const MemoryShard::Probe probe{hash_of(key), key};
  MemoryShard& shard = shard_of(probe.hash);
  Value dropped;
  const std::lock_guard lock(shard.mutex);
  MemoryEntry* entry = shard.find(probe, dropped);
  if (!entry) return is_closed() ? Result<bool>(closed()) : false;
  entry->expires_at_ms = expiry_of(ttl);
  shard.expect_expiry(entry->expires_at_ms);
  return true;
}

Status MemoryKvStore::close() {
  if (closed_.exchange(true, std::memory_order_acq_rel)) return {};
  for (MemoryShard& shard : shards_) {
    MemoryShard::Entries entries;
    {
      const std::lock_guard lock(shard.mutex);
      entries.swap(shard.entries);
    }
    for (const MemoryShard::Slot& slot : entries) slot.entry->unpin();
  }
  return {};
}

}  // namespace cinch
