#include "backends/memory/memory_shard.hpp"

namespace cinch {

void MemoryShard::sweep(std::int64_t now, std::vector<Value>& dropped) {
  constexpr std::int64_t sweep_interval_ms = 1000;
  next_sweep = now + sweep_interval_ms;  // also when this runs out of memory half-way
  std::int64_t earliest = never;
  for (auto slot = entries.begin(); slot != entries.end();) {
    MemoryEntry* entry = slot->entry;
    if (entry->is_expired(now)) {
      dropped.emplace_back();  // may throw, so it comes before the reference changes hands
      dropped.back() = entry->into_value();
      entries.erase(slot++);
      continue;
    }
    if (entry->expires_at_ms != 0) earliest = std::min(earliest, entry->expires_at_ms);
    ++slot;
  }
  next_sweep = earliest == never ? never : std::max(earliest, next_sweep);
}

void MemoryShard::collect(std::string_view prefix, std::optional<std::string_view> after, std::size_t limit,
                          KeyPage& page) const {
  std::vector<std::string>& heap = page.keys;
  for (const Slot& slot : entries) {
    const std::string_view key = slot.entry->key();
    if (!key.starts_with(prefix) || (after && key <= *after) || slot.entry->is_expired()) continue;
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

std::uint64_t MemoryShard::remove_prefix(std::string_view prefix, std::vector<Value>& dropped) {
  std::uint64_t live = 0;
  dropped.reserve(entries.size());
  for (auto slot = entries.begin(); slot != entries.end();) {
    if (!slot->entry->key().starts_with(prefix)) {
      ++slot;
      continue;
    }
    if (!slot->entry->is_expired()) ++live;
    dropped.push_back(slot->entry->into_value());
    entries.erase(slot++);
  }
  return live;
}

}  // namespace cinch
