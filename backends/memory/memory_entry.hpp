/// One resident value of a memory store: header, key and value in one allocation, and the account it is charged to.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "cinch/kv_store.hpp"
#include "cinch/store_support.hpp"

namespace cinch {

/// Bytes in use, of all entries that exist: also of removed ones that a `Value` still pins. It lives as long as its
/// store and any entry that is charged to it. On a cache line of its own: threads that charge another do not wait.
class alignas(64) MemoryAccount {
 public:
  explicit MemoryAccount(std::uint64_t capacity) noexcept : capacity_(capacity) {}

  /// Charges `bytes` in the place of `released` ones; false, and nothing changes, when that would pass the capacity.
  bool exchange(std::uint64_t released, std::uint64_t bytes) noexcept;
  void release(std::uint64_t bytes) noexcept;

  /// The store's last call: from now on the account goes with the last entry.
  void leave() noexcept { release(store_share); }

  std::uint64_t used() const noexcept { return held_.load(std::memory_order_relaxed) - store_share; }

 private:
  static constexpr std::uint64_t store_share = 1;  // what keeps the account of an empty store

  ~MemoryAccount() = default;

  const std::uint64_t capacity_;  // 0: none
  std::atomic<std::uint64_t> held_{store_share};
};

class MemoryEntry final : public ValueOwner {
 public:
  /// Copies the value, or keeps the `Value` it was given as where that is worth it. Not charged yet. Throws
  /// `std::bad_alloc`.
  static MemoryEntry* create(std::string_view key, const ValueParts& value, std::int64_t expires_at_ms);

  std::string_view key() const noexcept {
    return {reinterpret_cast<const char*>(this) + sizeof(MemoryEntry), key_bytes_};
  }
  ByteView bytes() const noexcept { return keeps_value_ ? kept().bytes() : ByteView(tail(), value_bytes_); }
  bool is_resident() const noexcept override { return true; }

  /// What the entry takes, with its place in the index.
  std::uint64_t charge() const noexcept;

  /// Fetches the memory of an entry that goes: what the thread stores next is often as long and gets the same piece.
  void fetch_memory() const noexcept;

  /// What destruction releases the charge of; null: nothing, somebody else does.
  void set_account(MemoryAccount* account) noexcept { account_ = account; }

  bool is_expired(std::int64_t now) const noexcept { return has_expired(expires_at_ms, now); }

  std::int64_t expires_at_ms;  // by the lock of its shard
  std::uint64_t stamp = 0;     // set once, before the entry is seen

 private:
  MemoryEntry(std::size_t key_bytes, std::size_t value_bytes, const Value* kept, std::int64_t expires) noexcept;
  ~MemoryEntry() override;
  void destroy() noexcept override;

  // Values that can hold a vector register are aligned for it, and so is a raw tensor inside a frame.
  static constexpr std::size_t value_alignment = 64;

  static bool is_aligned(std::size_t value_bytes) noexcept { return value_bytes >= value_alignment; }
  static std::size_t max_padding(std::size_t key_bytes, std::size_t value_bytes) noexcept;
  static std::size_t own_bytes(std::size_t key_bytes, std::size_t value_bytes, bool keeps_value) noexcept;
  std::size_t own_bytes() const noexcept { return own_bytes(key_bytes_, value_bytes_, keeps_value_); }

  /// Where the value's bytes lie, or the `Value` that was kept.
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
