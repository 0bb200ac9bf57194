/// One shard of a memory store: an index of entries under a lock of its own.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "backends/memory/memory_entry.hpp"
#include "backends/memory/short_mutex.hpp"
#include "cinch/kv_store.hpp"

namespace cinch {

/// Every function requires that the caller holds `mutex`.
struct alignas(64) MemoryShard {
  struct Slot {
    std::uint64_t hash;
    mutable MemoryEntry* entry;  // a set replaces the entry of a key in place
  };

  /// A key to look up, with its hash.
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
      // The caller reads the start of the value next: fetch it along with the key.
      __builtin_prefetch(reinterpret_cast<const std::byte*>(slot.entry) + 64);
      __builtin_prefetch(reinterpret_cast<const std::byte*>(slot.entry) + 128);
      return probe.key == slot.entry->key();
    }
    bool operator()(const Slot& slot, const Probe& probe) const noexcept { return (*this)(probe, slot); }
  };

  using Entries = boost::unordered_flat_set<Slot, SlotHash, SlotEqual>;

  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  MemoryAccount* account = nullptr;  // charged for the entries; constant after construction
  ShortMutex mutex;
  // Guarded by `mutex`:
  Entries entries;                  // holds one reference to each entry
  std::int64_t next_sweep = never;  // when a set should sweep: at the earliest expiry, or up to a second later
  std::uint64_t last_stamp = 0;     // one counter per shard will do: a key stays in its shard

  /// The live entry, or null. An expired one is removed from the index and handed over in `dropped`.
  MemoryEntry* find(const Probe& probe, Value& dropped) {
    const auto found = entries.find(probe);
    if (found == entries.end()) return nullptr;
    MemoryEntry* entry = found->entry;
    if (!entry->is_expired()) return entry;
    entries.erase(found);
    dropped = entry->into_value();
    return nullptr;
  }

  /// To be called when an entry gets an expiry; 0: it never expires.
  void expect_expiry(std::int64_t at) noexcept {
    if (at != 0) next_sweep = std::min(next_sweep, at);
  }

  /// Removes the expired entries and hands them over in `dropped`.
  void sweep(std::int64_t now, std::vector<Value>& dropped);

  /// Adds the keys that start with `prefix` and come after `after` to the `limit` smallest ones in `page`, which is a
  /// heap with the largest key on top.
  void collect(std::string_view prefix, std::optional<std::string_view> after, std::size_t limit, KeyPage& page) const;

  /// Removes the entries whose keys start with `prefix`, hands them over in `dropped` and returns how many were live.
  std::uint64_t remove_prefix(std::string_view prefix, std::vector<Value>& dropped);
};

}  // namespace cinch
