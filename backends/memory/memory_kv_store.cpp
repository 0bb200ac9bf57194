#include "backends/memory/memory_kv_store.hpp"

#define XXH_INLINE_ALL  // keys are short, and a call would take longer than their hashes
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <boost/unordered/unordered_flat_set.hpp>
#include <limits>
#include <mutex>
#include <random>
#include <thread>

#include "backends/memory/memory_entry.hpp"
#include "backends/memory/short_mutex.hpp"
#include "cinch/store_support.hpp"

namespace cinch {
namespace {

/// Where an entry is found by its hash; the key decides between equal ones.
struct Slot {
  std::uint64_t hash;
  mutable MemoryEntry* entry;  // another one of the same key can take its place
};

struct Probe {
  std::uint64_t hash;
  std::string_view key;
};

struct SlotHash {
  using is_transparent = void;
  using is_avalanching = void;
  std::size_t operator()(const Slot& slot) const noexcept { return slot.hash; }
  std::size_t operator()(const Probe& probe) const noexcept { return probe.hash; }
};

struct SlotEqual {
  using is_transparent = void;
  bool operator()(const Slot& a, const Slot& b) const noexcept {
    return a.entry == b.entry || (a.hash == b.hash && a.entry->key() == b.entry->key());
  }
  bool operator()(const Probe& probe, const Slot& slot) const noexcept {
    if (probe.hash != slot.hash) return false;
    // The start of the value, which whoever asked for the key reads next, comes along with the key.
    __builtin_prefetch(reinterpret_cast<const std::byte*>(slot.entry) + 64);
    __builtin_prefetch(reinterpret_cast<const std::byte*>(slot.entry) + 128);
    return probe.key == slot.entry->key();
  }
  bool operator()(const Slot& slot, const Probe& probe) const noexcept { return (*this)(probe, slot); }
};

std::size_t shard_count() {
  return std::clamp<std::size_t>(std::bit_ceil(16u * std::thread::hardware_concurrency()), 64, 256);
}

std::uint64_t random_seed() {
  std::random_device random;
  return (std::uint64_t{random()} << 32) | random();
}

bool is_expired(const MemoryEntry& entry) noexcept { return entry.expires_at_ms != 0 && entry.is_expired(now_ms()); }

/// A new entry until the index takes it over.
struct Unpin {
  void operator()(MemoryEntry* entry) const noexcept { entry->unpin(); }
};
using Fresh = std::unique_ptr<MemoryEntry, Unpin>;

/// Takes over the reference that the index held; its memory goes when the result does, outside of locks.
Value release(MemoryEntry* entry) noexcept { return Value::adopt(entry->bytes(), entry); }

Value pin(MemoryEntry* entry) noexcept {
  entry->pin();
  return Value::adopt(entry->bytes(), entry);
}

}  // namespace

struct alignas(64) MemoryKvStore::Shard {
  using Entries = boost::unordered_flat_set<Slot, SlotHash, SlotEqual>;

  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t sweep_interval_ms = 1000;

  MemoryAccount* account = nullptr;  // what the entries are charged to; constant after construction
  ShortMutex mutex;
  Entries entries;                  // by mutex; holds a reference of each entry
  std::int64_t next_sweep = never;  // by mutex; no entry has expired before, or not long before
  std::uint64_t last_stamp = 0;     // by mutex; a key stays in its shard

  /// The live entry, or null; an expired one leaves the index and goes with `dropped`. Requires: the lock.
  MemoryEntry* find(const Probe& probe, Value& dropped) {
    const auto found = entries.find(probe);
    if (found == entries.end()) return nullptr;
    MemoryEntry* entry = found->entry;
    if (!is_expired(*entry)) return entry;
    entries.erase(found);
    dropped = release(entry);
    return nullptr;
  }

  /// To be called when an entry gets an expiry. Requires: the lock.
  void expect_expiry(std::int64_t at) noexcept {
    if (at != 0) next_sweep = std::min(next_sweep, at);
  }

  /// Takes what has expired out of the index. Requires: the lock.
  void sweep(std::int64_t now, std::vector<Value>& dropped) {
    next_sweep = now + sweep_interval_ms;  // also when this runs out of memory half-way
    std::int64_t earliest = never;
    for (auto slot = entries.begin(); slot != entries.end();) {
      MemoryEntry* entry = slot->entry;
      if (entry->is_expired(now)) {
        dropped.emplace_back();  // what can fail comes first
        dropped.back() = release(entry);
        entries.erase(slot++);
        continue;
      }
      if (entry->expires_at_ms != 0) earliest = std::min(earliest, entry->expires_at_ms);
      ++slot;
    }
    next_sweep = earliest == never ? never : std::max(earliest, next_sweep);
  }
};

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
  // A capacity is exact, so that all shards share one account; without one, threads do not wait for its cache line.
  accounts_.reserve(shards_.size());
  for (Shard& shard : shards_) {
    if (accounts_.empty() || options_.capacity_bytes == 0) {
      accounts_.emplace_back(new MemoryAccount(options_.capacity_bytes));
    }
    shard.account = accounts_.back().get();
  }
}

MemoryKvStore::~MemoryKvStore() { (void)close(); }

void MemoryKvStore::Leave::operator()(MemoryAccount* account) const noexcept { account->leave(); }

Status MemoryKvStore::refusal(std::string_view key) const { return is_closed() ? closed() : check_key(key); }

/// Also the answer where a key is not found: a store that is closed meanwhile has been emptied, or waits for a shard's
/// lock to be.
Status MemoryKvStore::closed() { return {StatusCode::closed, "memory: the store was closed"}; }

std::uint64_t MemoryKvStore::hash_of(std::string_view key) const noexcept {
  return options_.hash ? options_.hash(key) : XXH3_64bits_withSeed(key.data(), key.size(), seed_);
}

/// By bits of their own: the index of a shard places entries by the highest ones and tells them apart by the lowest
/// eight. With bits that it uses too, all entries of a shard would crowd into a share of its groups.
MemoryKvStore::Shard& MemoryKvStore::shard_of(std::uint64_t hash) noexcept {
  return shards_[(hash >> 8) & (shards_.size() - 1)];
}

GetResult MemoryKvStore::get(std::string_view key) {
  if (!is_usable(key)) return refusal(key);
  const Probe probe{hash_of(key), key};
  Shard& shard = shard_of(probe.hash);
  Value dropped;
  const std::lock_guard lock(shard.mutex);
  MemoryEntry* entry = shard.find(probe, dropped);
  if (!entry) return is_closed() ? GetResult(closed()) : std::optional<Value>();
  return pin(entry);
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
  for (Shard& shard : shards_) {
    std::vector<Value> swept;  // outlives the lock
    const std::lock_guard lock(shard.mutex);
    if (shard.next_sweep != Shard::never) shard.sweep(now, swept);
    found = found || !swept.empty();
  }
  return found;
}

Result<bool> MemoryKvStore::store(std::string_view key, const ValueParts& value, const SetOptions& options,
                                  std::optional<std::uint64_t> expected_stamp) {
  if (is_closed()) return closed();
  if (Status status = check_set(key, options); !status.ok()) return status;
  Fresh fresh(MemoryEntry::create(key, value, expiry_of(options.ttl)));
  const std::uint64_t charge = fresh->charge();
  if (options_.capacity_bytes != 0 && charge > options_.capacity_bytes) {
    return Status(StatusCode::too_large, "memory: a value that takes " + std::to_string(charge) +
                                             " bytes, the capacity is " + std::to_string(options_.capacity_bytes));
  }
  const std::uint64_t hash = hash_of(key);
  Shard& shard = shard_of(hash);
  Value dropped;
  std::vector<Value> swept;
  const std::lock_guard lock(shard.mutex);
  if (is_closed()) return closed();
  if (shard.next_sweep != Shard::never) {
    if (const std::int64_t now = now_ms(); now >= shard.next_sweep) shard.sweep(now, swept);
  }
  const auto [slot, is_new] = shard.entries.insert(Slot{hash, fresh.get()});  // the one lookup
  MemoryEntry* const old = is_new ? nullptr : slot->entry;
  const bool may_set = !expected_stamp || *expected_stamp == (old && !is_expired(*old) ? old->stamp : 0);
  const bool goes_now = old && !old->is_shared();  // nobody can pin it any more
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
    old->fetch_memory();
    dropped = release(old);
  }
  slot->entry = fresh.release();
  return true;
}

Status MemoryKvStore::remove(std::string_view key) {
  if (!is_usable(key)) return refusal(key);
  const Probe probe{hash_of(key), key};
  Shard& shard = shard_of(probe.hash);
  Value dropped;
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.entries.find(probe);
  if (found == shard.entries.end()) return {};
  dropped = release(found->entry);
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
  const Probe probe{hash_of(key), key};
  Shard& shard = shard_of(probe.hash);
  Value dropped;
  const std::lock_guard lock(shard.mutex);
  MemoryEntry* entry = shard.find(probe, dropped);
  if (!entry) return is_closed() ? Result<std::optional<Head>>(closed()) : std::optional<Head>();
  const Value value = pin(entry);
  return std::optional<Head>(
      Head{value.size(), entry->expires_at_ms, entry->stamp, value.part(0, std::min(n, value.size()))});
}

Result<KeyPage> MemoryKvStore::scan(std::string_view prefix, std::optional<std::string_view> after, std::size_t limit) {
  if (is_closed()) return closed();
  if (Status status = check_limit(limit); !status.ok()) return status;
  KeyPage page;
  std::vector<std::string>& heap = page.keys;  // a heap of the smallest keys so far, the largest of them on top
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    if (is_closed()) return closed();
    for (const Slot& slot : shard.entries) {
      const std::string_view key = slot.entry->key();
      if (!key.starts_with(prefix) || (after && key <= *after) || is_expired(*slot.entry)) continue;
      if (heap.size() == limit) {
        page.more = true;
        if (key >= heap.front()) continue;
        std::ranges::pop_heap(heap);
        heap.pop_back();
      }
      heap.emplace_back(key);
      std::ranges::push_heap(heap);
    }
  }
  std::ranges::sort_heap(heap);
  return page;
}

Status MemoryKvStore::flush() { return is_closed() ? closed() : Status(); }

StoreStats MemoryKvStore::stats() {
  StoreStats stats;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    stats.values += shard.entries.size();
    stats.estimated |= shard.next_sweep != Shard::never;  // some may have expired
  }
  for (const auto& account : accounts_) stats.stored_bytes += account->used();
  stats.capacity_bytes = options_.capacity_bytes;
  return stats;
}

Result<std::uint64_t> MemoryKvStore::remove_prefix(std::string_view prefix) {
  if (is_closed()) return closed();
  std::uint64_t removed = 0;
  for (Shard& shard : shards_) {
    std::vector<Value> dropped;  // outlives the lock
    const std::lock_guard lock(shard.mutex);
    if (is_closed()) return closed();
    dropped.reserve(shard.entries.size());
    for (auto slot = shard.entries.begin(); slot != shard.entries.end();) {
      if (!slot->entry->key().starts_with(prefix)) {
        ++slot;
        continue;
      }
      if (!is_expired(*slot->entry)) ++removed;
      dropped.push_back(release(slot->entry));
      shard.entries.erase(slot++);
    }
  }
  return removed;
}

Result<bool> MemoryKvStore::touch(std::string_view key, std::chrono::milliseconds ttl) {
  if (!is_usable(key)) return refusal(key);
  SetOptions options;
  options.ttl = ttl;
  if (Status status = check_set(key, options); !status.ok()) return status;
  const Probe probe{hash_of(key), key};
  Shard& shard = shard_of(probe.hash);
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
  for (Shard& shard : shards_) {
    Shard::Entries entries;
    {
      const std::lock_guard lock(shard.mutex);
      entries.swap(shard.entries);
    }
    for (const Slot& slot : entries) slot.entry->unpin();
  }
  return {};
}

}  // namespace cinch
