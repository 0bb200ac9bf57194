/// A mutex for critical sections that mostly take less time than to put a thread to sleep and to wake it.
#pragma once

#include <atomic>
#include <mutex>

namespace cinch {

/// Who finds it locked looks again for a while, some microseconds, before it waits as with a `std::mutex`.
class ShortMutex {
 public:
  void lock() {
    for (unsigned i = 0; i < most_looks; ++i) {
      if (!is_locked_.load(relaxed) && mutex_.try_lock()) return is_locked_.store(true, relaxed);
      pause();
    }
    mutex_.lock();
    is_locked_.store(true, relaxed);
  }
  void unlock() {
    is_locked_.store(false, relaxed);
    mutex_.unlock();
  }

 private:
  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  static constexpr unsigned most_looks = 100;
  static constexpr std::memory_order relaxed = std::memory_order_relaxed;

  std::mutex mutex_;
  std::atomic<bool> is_locked_{false};  // a hint: to look costs the owner nothing, to try takes its cache line away
};

}  // namespace cinch
