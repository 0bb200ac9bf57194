/// One resident value of a memory store: header, key and value in one allocation, and the account it is charged to.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "cinch/kv_store.hpp"

namespace cinch {

/// Bytes in use, of all entries that exist: also of removed ones that a `Value` still pins.
class MemoryAccount {
 public:
  explicit MemoryAccount(std::uint64_t capacity) noexcept : capacity_(capacity) {}

  /// Adds `bytes` unless that, less `soon_released`, would pass the capacity.
  bool reserve(std::uint64_t bytes, std::uint64_t soon_released) noexcept;
  void release(std::uint64_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::uint64_t capacity() const noexcept { return capacity_; }

 private:
  const std::uint64_t capacity_;  // 0: none
  std::atomic<std::uint64_t> used_{0};
};

class MemoryEntry final : public ValueOwner {
 public:
  /// Not charged yet. Throws `std::bad_alloc`.
  static MemoryEntry* create(std::string_view key, const ValueParts& value, std::int64_t expires_at_ms);

  std::string_view key() const noexcept;
  ByteView bytes() const noexcept;
  bool is_resident() const noexcept override { return true; }

  /// What the entry takes, with its place in the index.
  std::uint64_t charge() const noexcept;

  /// From now on destruction releases the charge.
  void set_account(std::shared_ptr<MemoryAccount> account) noexcept { account_ = std::move(account); }

  bool is_expired(std::int64_t now) const noexcept { return expires_at_ms != 0 && expires_at_ms <= now; }

  std::int64_t expires_at_ms;  // by the lock of its shard
  std::uint64_t stamp = 0;     // set once, before the entry is seen

 private:
  MemoryEntry(std::size_t key_bytes, std::size_t value_bytes, std::int64_t expires) noexcept
      : expires_at_ms(expires), key_bytes_(key_bytes), value_bytes_(value_bytes) {}
  void destroy() noexcept override;

  std::shared_ptr<MemoryAccount> account_;
  std::size_t key_bytes_;
  std::size_t value_bytes_;
};

}  // namespace cinch
