/// A mutex for critical sections that mostly take less time than to put a thread to sleep and to wake it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

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
    if (state_.exchange(free, std::memory_order_release) == awaited) wake();
  }

 private:
  enum State : std::uint32_t { free, locked, awaited };  // awaited: and somebody may be asleep

  bool try_lock() {
    State expected = free;
    return state_.compare_exchange_strong(expected, locked, std::memory_order_acquire, std::memory_order_relaxed);
  }

  [[gnu::noinline]] void wait() {
    for (unsigned i = 0; i < max_looks; ++i) {
      if (state_.load(std::memory_order_relaxed) == free && try_lock()) return;
      pause();
    }
    // Not by `std::atomic::wait`, which looks on for a while before it sleeps: nobody is woken meanwhile, and a thread
    // that has the lock again and again keeps all others out.
    std::unique_lock<std::mutex> lock(sleep_);
    while (state_.exchange(awaited, std::memory_order_acquire) != free) woken_.wait(lock);
  }

  [[gnu::noinline]] void wake() {
    { const std::lock_guard lock(sleep_); }  // who is about to sleep sleeps
    woken_.notify_one();
  }

  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  static constexpr unsigned max_looks = 100;

  std::atomic<State> state_{free};
  std::mutex sleep_;
  std::condition_variable woken_;
};

}  // namespace cinch
