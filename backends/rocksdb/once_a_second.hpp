/// For work that is worth doing now and then, whoever comes by.
#pragma once

#include <chrono>
#include <mutex>

namespace cinch {

/// Thread-safe.
class OnceASecond {
 public:
  /// True at first, and again when a second has passed since it was.
  bool is_due() {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return false;
    next_ = now + std::chrono::seconds(1);
    return true;
  }

 private:
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace cinch
