/// Locks that keys share by their hash, for operations that read a key before they write it.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <mutex>
#include <shared_mutex>
#include <string_view>
#include <vector>

#include "backends/rocksdb/writer_first_mutex.hpp"
#include "engine/checksum.hpp"

namespace cinch {

/// Plain writes lock their keys' stripes shared, so that RocksDB can commit them as a group; a read-modify-write locks
/// its key's stripe exclusively. No deadlock: a thread with an exclusive lock takes no other, and several shared locks
/// are taken in ascending order.
class KeyStripes {
 public:
  using Shared = std::shared_lock<WriterFirstMutex>;
  using Alone = std::unique_lock<WriterFirstMutex>;

  Shared share(std::string_view key) { return Shared(stripes_[index(key)].mutex); }
  Alone own(std::string_view key) { return Alone(stripes_[index(key)].mutex); }

  /// `key_of(item)` is the key of each item.
  template <class Items, class KeyOf>
  std::vector<Shared> share_all(const Items& items, KeyOf key_of) {
    std::bitset<count> wanted;
    for (const auto& item : items) wanted.set(index(key_of(item)));
    std::vector<Shared> locks;
    locks.reserve(wanted.count());
    for (std::size_t i = 0; i < count; ++i) {
      if (wanted.test(i)) locks.emplace_back(stripes_[i].mutex);
    }
    return locks;
  }

 private:
  static constexpr std::size_t count = 256;

  struct alignas(64) Stripe {
    WriterFirstMutex mutex;
  };

  static std::size_t index(std::string_view key) noexcept { return checksum(as_bytes(key)) % count; }

  std::array<Stripe, count> stripes_;
};

}  // namespace cinch
