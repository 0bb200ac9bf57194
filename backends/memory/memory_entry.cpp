#include "backends/memory/memory_entry.hpp"

#include <cstring>
#include <new>

#include "cinch/buffer_pool.hpp"

namespace cinch {
namespace {

constexpr std::size_t index_bytes = 24;  // a slot of the index at its usual load, and its byte of metadata
constexpr std::size_t min_kept = 4096;

/// Room for the `Value`, aligned, in the tail of an entry that keeps its value.
constexpr std::size_t kept_bytes = sizeof(Value) + alignof(Value);

/// The `Value` that was passed, if keeping its owner's buffer wastes little compared to a copy; else null.
const Value* worth_keeping(const ValueParts& value, std::size_t value_bytes) noexcept {
  const Value* given = value.value();
  if (!given || value_bytes < min_kept || !given->owner()) return nullptr;
  const std::size_t held = given->owner()->held_bytes();
  return held >= value_bytes && held - value_bytes <= value_bytes / 8 ? given : nullptr;
}

}  // namespace

bool MemoryAccount::exchange(std::uint64_t released, std::uint64_t bytes) noexcept {
  if (bytes == released) return true;
  if (capacity_ == 0 || bytes < released) {
    held_.fetch_add(bytes - released, std::memory_order_relaxed);
    return true;
  }
  std::uint64_t held = held_.load(std::memory_order_relaxed);
  do {
    if (held - store_share - released + bytes > capacity_) return false;
  } while (!held_.compare_exchange_weak(held, held - released + bytes, std::memory_order_relaxed));
  return true;
}

void MemoryAccount::release(std::uint64_t bytes) noexcept {
  if (held_.fetch_sub(bytes, std::memory_order_acq_rel) == bytes) delete this;
}

/// Upper bound on the padding between key and value. Entries align their values themselves: aligned allocations would
/// leave slivers behind, which cost more than the rest of a small set.
std::size_t MemoryEntry::max_padding(std::size_t key_bytes, std::size_t value_bytes) noexcept {
  constexpr std::size_t allocated = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
  if (!is_aligned(value_bytes)) return 0;
  return (allocated - (sizeof(MemoryEntry) + key_bytes) % allocated) % allocated + value_alignment - allocated;
}

/// Size of the entry's allocation.
std::size_t MemoryEntry::own_bytes(std::size_t key_bytes, std::size_t value_bytes, bool keeps_value) noexcept {
  if (keeps_value) return sizeof(MemoryEntry) + key_bytes + kept_bytes;
  return sizeof(MemoryEntry) + key_bytes + max_padding(key_bytes, value_bytes) + value_bytes;
}

MemoryEntry::MemoryEntry(std::size_t key_bytes, std::size_t value_bytes, const Value* kept,
                         std::int64_t expires) noexcept
    : expires_at_ms(expires),
      value_bytes_(value_bytes),
      key_bytes_(static_cast<std::uint32_t>(key_bytes)),
      keeps_value_(kept != nullptr) {
  if (kept) new (tail()) Value(*kept);
}

MemoryEntry::~MemoryEntry() {
  if (keeps_value_) kept().~Value();
}

MemoryEntry* MemoryEntry::create(std::string_view key, const ValueParts& value, std::int64_t expires_at_ms) {
  const std::size_t value_bytes = value.size();
  if (value_bytes > SIZE_MAX / 2) throw std::bad_alloc();
  const Value* kept = worth_keeping(value, value_bytes);
  void* memory = take_small(own_bytes(key.size(), value_bytes, kept != nullptr));
  auto* entry = new (memory) MemoryEntry(key.size(), value_bytes, kept, expires_at_ms);
  if (!key.empty()) std::memcpy(static_cast<std::byte*>(memory) + sizeof(MemoryEntry), key.data(), key.size());
  if (!kept) value.copy_to(entry->tail());
  return entry;
}

std::uint64_t MemoryEntry::charge() const noexcept {
  const std::size_t own = own_bytes();
  return own + (keeps_value_ ? kept().owner()->held_bytes() : 0) + index_bytes;
}

void MemoryEntry::prefetch_for_reuse() const noexcept {
  const std::size_t own = own_bytes();
  if (own > max_small_bytes) return;  // goes back to malloc
  const auto* const memory = reinterpret_cast<const std::byte*>(this);
  for (std::size_t line = 64; line < own; line += 64) __builtin_prefetch(memory + line, 1);
}

void MemoryEntry::destroy() noexcept {
  MemoryAccount* const account = account_;
  const std::uint64_t charged = charge();
  const std::size_t own = own_bytes();
  this->~MemoryEntry();
  give_small_back(static_cast<void*>(this), own);
  if (account) account->release(charged);
}

}  // namespace cinch
