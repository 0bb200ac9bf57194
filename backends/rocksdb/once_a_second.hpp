/// A rate limiter for work that any caller may do, at most once a second.
#pragma once

#include <chrono>
#include <mutex>

namespace cinch {

/// Thread-safe.
class OnceASecond {
 public:
  /// True for the first call, and again once a second has passed since it was last true.
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
