#include "backends/memory/memory_entry.hpp"

#include <cstring>
#include <new>

namespace cinch {
namespace {

// Values that can hold a vector register are aligned for it, and so is a raw tensor inside a frame.
constexpr std::size_t value_alignment = 64;
constexpr std::size_t index_bytes = 24;  // a slot of the index at its usual load, and its byte of metadata
constexpr std::size_t smallest_kept = 4096;

bool is_aligned(std::size_t value_bytes) noexcept { return value_bytes >= value_alignment; }

/// Entries are allocated as malloc likes it best and align their values themselves: aligned allocations leave slivers
/// behind, which cost more than the rest of a small set. This is from the end of the key to the value, at most.
std::size_t most_padding(std::size_t key_bytes, std::size_t value_bytes) noexcept {
  constexpr std::size_t allocated = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
  if (!is_aligned(value_bytes)) return 0;
  return (allocated - (sizeof(MemoryEntry) + key_bytes) % allocated) % allocated + value_alignment - allocated;
}

std::size_t allocation_bytes(std::size_t key_bytes, std::size_t value_bytes) noexcept {
  return sizeof(MemoryEntry) + key_bytes + most_padding(key_bytes, value_bytes) + value_bytes;
}

/// What the entry of a kept value has in its tail.
constexpr std::size_t kept_bytes = sizeof(Value) + alignof(Value);

/// The `Value` that the value was given as, when it holds its bytes alone, all of them and little more.
const Value* worth_keeping(const ValueParts& value, std::size_t value_bytes) noexcept {
  const Value* given = value.value();
  if (!given || value_bytes < smallest_kept || !given->owner()) return nullptr;
  const std::size_t held = given->owner()->held_bytes();
  return held >= value_bytes && held - value_bytes <= value_bytes / 8 ? given : nullptr;
}

}  // namespace

bool MemoryAccount::reserve(std::uint64_t bytes, std::uint64_t soon_released) noexcept {
  if (capacity_ == 0) {
    held_.fetch_add(bytes, std::memory_order_relaxed);
    return true;
  }
  std::uint64_t held = held_.load(std::memory_order_relaxed);
  do {
    if (held - store_share + bytes > capacity_ + soon_released) return false;
  } while (!held_.compare_exchange_weak(held, held + bytes, std::memory_order_relaxed));
  return true;
}

void MemoryAccount::release(std::uint64_t bytes) noexcept {
  if (held_.fetch_sub(bytes, std::memory_order_acq_rel) == bytes) delete this;
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
  void* memory =
      ::operator new(kept ? sizeof(MemoryEntry) + key.size() + kept_bytes : allocation_bytes(key.size(), value_bytes));
  auto* entry = new (memory) MemoryEntry(key.size(), value_bytes, kept, expires_at_ms);
  if (!key.empty()) std::memcpy(static_cast<std::byte*>(memory) + sizeof(MemoryEntry), key.data(), key.size());
  if (!kept) value.copy_to(entry->tail());
  return entry;
}

std::byte* MemoryEntry::tail() noexcept {
  std::byte* end_of_key = reinterpret_cast<std::byte*>(this) + sizeof(MemoryEntry) + key_bytes_;
  if (!keeps_value_ && !is_aligned(value_bytes_)) return end_of_key;
  const std::size_t alignment = keeps_value_ ? alignof(Value) : value_alignment;
  const auto misalignment = reinterpret_cast<std::uintptr_t>(end_of_key) % alignment;
  return misalignment == 0 ? end_of_key : end_of_key + (alignment - misalignment);
}

std::string_view MemoryEntry::key() const noexcept {
  return {reinterpret_cast<const char*>(this) + sizeof(MemoryEntry), key_bytes_};
}

ByteView MemoryEntry::bytes() const noexcept { return keeps_value_ ? kept().bytes() : ByteView(tail(), value_bytes_); }

std::uint64_t MemoryEntry::charge() const noexcept {
  if (!keeps_value_) return allocation_bytes(key_bytes_, value_bytes_) + index_bytes;
  return sizeof(MemoryEntry) + key_bytes_ + kept_bytes + kept().owner()->held_bytes() + index_bytes;
}

void MemoryEntry::destroy() noexcept {
  MemoryAccount* const account = account_;
  const std::uint64_t bytes = charge();
  this->~MemoryEntry();
  ::operator delete(static_cast<void*>(this));
  if (account) account->release(bytes);
}

}  // namespace cinch
