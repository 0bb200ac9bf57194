/// Expired keys that reads and compactions came across, until a write reclaims their space.
#pragma once

#include <rocksdb/compaction_filter.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cinch {

/// A bounded set: a key that finds no room is forgotten until a later read or compaction finds it again. Thread-safe.
class ExpiredKeys {
 public:
  void note(std::string_view key) noexcept;

  /// Removes and returns at most `most` keys.
  std::vector<std::string> take(std::size_t most);

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> keys_;
  std::size_t bytes_ = 0;
  std::atomic<bool> has_keys_{false};  // spares writes the mutex when there is nothing to do
};

/// A compaction filter for `meta` that notes expired keys in `keys`. It does not remove their records: their values in
/// `data` must go in the same write.
std::shared_ptr<rocksdb::CompactionFilterFactory> make_expiry_watch(std::shared_ptr<ExpiredKeys> keys);

}  // namespace cinch
