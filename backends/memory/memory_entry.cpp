#include "backends/memory/memory_entry.hpp"

#include <cstring>
#include <new>

namespace cinch {
namespace {

// Values that can hold a vector register are aligned for it, and so is a raw tensor inside a frame.
constexpr std::size_t value_alignment = 64;
constexpr std::size_t index_bytes = 24;  // a slot of the index at its usual load, and its byte of metadata

std::size_t value_offset(std::size_t key_bytes, std::size_t value_bytes) noexcept {
  const std::size_t end_of_key = sizeof(MemoryEntry) + key_bytes;
  if (value_bytes < value_alignment) return end_of_key;
  return (end_of_key + value_alignment - 1) / value_alignment * value_alignment;
}

std::size_t alignment_of(std::size_t value_bytes) noexcept {
  return value_bytes < value_alignment ? alignof(MemoryEntry) : value_alignment;
}

}  // namespace

bool MemoryAccount::reserve(std::uint64_t bytes, std::uint64_t soon_released) noexcept {
  std::uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (capacity_ != 0 && used + bytes > capacity_ + soon_released) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

MemoryEntry* MemoryEntry::create(std::string_view key, const ValueParts& value, std::int64_t expires_at_ms) {
  const std::size_t value_bytes = value.size();
  const std::size_t offset = value_offset(key.size(), value_bytes);
  if (value_bytes > SIZE_MAX / 2 - offset) throw std::bad_alloc();
  void* memory = ::operator new (offset + value_bytes, std::align_val_t{alignment_of(value_bytes)});
  auto* entry = new (memory) MemoryEntry(key.size(), value_bytes, expires_at_ms);
  auto* start = static_cast<std::byte*>(memory);
  if (!key.empty()) std::memcpy(start + sizeof(MemoryEntry), key.data(), key.size());
  value.copy_to(start + offset);
  return entry;
}

std::string_view MemoryEntry::key() const noexcept {
  return {reinterpret_cast<const char*>(this) + sizeof(MemoryEntry), key_bytes_};
}

ByteView MemoryEntry::bytes() const noexcept {
  return {reinterpret_cast<const std::byte*>(this) + value_offset(key_bytes_, value_bytes_), value_bytes_};
}

std::uint64_t MemoryEntry::charge() const noexcept {
  return value_offset(key_bytes_, value_bytes_) + value_bytes_ + index_bytes;
}

void MemoryEntry::destroy() noexcept {
  const std::shared_ptr<MemoryAccount> account = std::move(account_);
  const std::uint64_t bytes = charge();
  const std::align_val_t alignment{alignment_of(value_bytes_)};
  this->~MemoryEntry();
  ::operator delete(static_cast<void*>(this), alignment);
  if (account) account->release(bytes);
}

}  // namespace cinch
