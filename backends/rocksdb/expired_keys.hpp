/// Keys whose time has come, found in passing by reads and by compaction, until a write takes their space back.
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

/// A bounded set: what finds no room is forgotten, and found again by a later read or compaction. Thread-safe.
class ExpiredKeys {
 public:
  void note(std::string_view key) noexcept;

  /// Takes out at most `most` keys.
  std::vector<std::string> take(std::size_t most);

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> keys_;
  std::size_t bytes_ = 0;
  std::atomic<bool> has_keys_{false};  // lets a write that finds nothing to do go by without the mutex
};

/// For `meta`: shows `keys` every expired record that a compaction meets, and removes none itself: its value in `data`
/// has to go in the same write.
std::shared_ptr<rocksdb::CompactionFilterFactory> make_expiry_watch(std::shared_ptr<ExpiredKeys> keys);

}  // namespace cinch
