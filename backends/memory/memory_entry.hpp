/// One resident value of a memory store: header, key and value in one allocation, and the account it is charged to.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "cinch/kv_store.hpp"
#include "cinch/store_support.hpp"

namespace cinch {

/// Bytes in use by all existing entries, including removed ones that a `Value` still pins. Lives as long as its store
/// and any entry charged to it. On a cache line of its own, so that threads charging different accounts do not contend.
class alignas(64) MemoryAccount {
 public:
  explicit MemoryAccount(std::uint64_t capacity) noexcept : capacity_(capacity) {}

  /// Replaces a charge of `released` bytes by one of `bytes`; false, without change, if that exceeds the capacity.
  bool exchange(std::uint64_t released, std::uint64_t bytes) noexcept;
  void release(std::uint64_t bytes) noexcept;

  /// The store's last call: from now on the account is deleted with the last entry.
  void leave() noexcept { release(store_share); }

  std::uint64_t used() const noexcept { return held_.load(std::memory_order_relaxed) - store_share; }

 private:
  static constexpr std::uint64_t store_share = 1;  // keeps the account alive until the store leaves

  ~MemoryAccount() = default;

  const std::uint64_t capacity_;  // 0: none
  std::atomic<std::uint64_t> held_{store_share};
};

class MemoryEntry final : public ValueOwner {
 public:
  /// Copies the value, or keeps the `Value` it was passed as if that wastes little memory. Not yet charged to an
  /// account. Throws `std::bad_alloc`.
  static MemoryEntry* create(std::string_view key, const ValueParts& value, std::int64_t expires_at_ms);

  std::string_view key() const noexcept {
    return {reinterpret_cast<const char*>(this) + sizeof(MemoryEntry), key_bytes_};
  }
  ByteView bytes() const noexcept { return keeps_value_ ? kept().bytes() : ByteView(tail(), value_bytes_); }
  bool is_resident() const noexcept override { return true; }

  /// A handle with a reference of its own.
  Value as_value() noexcept {
    pin();
    return into_value();
  }

  /// A handle that takes over the caller's reference, to be freed outside of locks.
  Value into_value() noexcept { return Value::adopt(bytes(), this); }

  /// Memory in use by the entry, including its slot in the index.
  std::uint64_t charge() const noexcept;

  /// Prefetches the memory of an entry about to be freed: the next set is often of the same size and reuses it.
  void prefetch_for_reuse() const noexcept;

  /// The account that destruction releases the charge to; null: the charge was taken over by another entry.
  void set_account(MemoryAccount* account) noexcept { account_ = account; }

  bool is_expired(std::int64_t now) const noexcept { return has_expired(expires_at_ms, now); }
  bool is_expired() const noexcept { return expires_at_ms != 0 && is_expired(now_ms()); }

  std::int64_t expires_at_ms;  // guarded by its shard's mutex
  std::uint64_t stamp = 0;     // set once, before other threads see the entry

 private:
  MemoryEntry(std::size_t key_bytes, std::size_t value_bytes, const Value* kept, std::int64_t expires) noexcept;
  ~MemoryEntry() override;
  void destroy() noexcept override;

  // Values that can fill a vector register are aligned for it, and so is a raw tensor inside a frame.
  static constexpr std::size_t value_alignment = 64;

  static bool is_aligned(std::size_t value_bytes) noexcept { return value_bytes >= value_alignment; }
  static std::size_t max_padding(std::size_t key_bytes, std::size_t value_bytes) noexcept;
  static std::size_t own_bytes(std::size_t key_bytes, std::size_t value_bytes, bool keeps_value) noexcept;
  std::size_t own_bytes() const noexcept { return own_bytes(key_bytes_, value_bytes_, keeps_value_); }

  /// The value's bytes, or the `Value` that was kept.
  std::byte* tail() noexcept {
    const std::size_t alignment = keeps_value_ ? alignof(Value) : is_aligned(value_bytes_) ? value_alignment : 1;
    std::byte* const end_of_key = reinterpret_cast<std::byte*>(this) + sizeof(MemoryEntry) + key_bytes_;
    return end_of_key + (-reinterpret_cast<std::uintptr_t>(end_of_key) & (alignment - 1));
  }
  const std::byte* tail() const noexcept { return const_cast<MemoryEntry*>(this)->tail(); }
  const Value& kept() const noexcept { return *reinterpret_cast<const Value*>(tail()); }

  MemoryAccount* account_ = nullptr;
  std::size_t value_bytes_;
  std::uint32_t key_bytes_;
  bool keeps_value_;
};

}  // namespace cinch
