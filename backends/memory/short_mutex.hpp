/// A mutex for critical sections that mostly take less time than to put a thread to sleep and to wake it.
#pragma once

#include <atomic>
#include <cstdint>

namespace cinch {

/// Who finds it locked looks again for a while, some microseconds, before it sleeps. One of its own (the second of
/// U. Drepper, "Futexes Are Tricky", 2011), as a `std::mutex` takes calls into the C library: 60 instructions more a
/// get, with which the next one's cache misses no longer begin before this one's have ended (bench/README.md).
class ShortMutex {
 public:
  void lock() {
    if (!try_lock()) wait();
  }
  void unlock() {
    if (state_.exchange(free, std::memory_order_release) == awaited) state_.notify_one();
  }

 private:
  enum State : std::uint32_t { free, locked, awaited };  // awaited: and somebody may be asleep

  bool try_lock() {
    State expected = free;
    return state_.compare_exchange_strong(expected, locked, std::memory_order_acquire, std::memory_order_relaxed);
  }

  [[gnu::noinline]] void wait() {
    for (unsigned i = 0; i < most_looks; ++i) {
      if (state_.load(std::memory_order_relaxed) == free && try_lock()) return;
      pause();
    }
    while (state_.exchange(awaited, std::memory_order_acquire) != free) state_.wait(awaited, std::memory_order_relaxed);
  }

  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  static constexpr unsigned most_looks = 100;

  std::atomic<State> state_{free};
};

}  // namespace cinch
