/// A mutex for critical sections that mostly take less time than putting a thread to sleep and waking it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace cinch {

/// Spins for a few microseconds before it sleeps. Hand-written (the second mutex of U. Drepper, "Futexes Are Tricky",
/// 2011) because a `std::mutex` takes calls into the C library: 60 more instructions per get, with which the cache
/// misses of the next get no longer begin before those of this one have ended (bench/README.md).
class ShortMutex {
 public:
  void lock() {
    if (!try_lock()) wait();
  }
  void unlock() {
    if (state_.exchange(free, std::memory_order_release) == awaited) wake();
  }

 private:
  enum State : std::uint32_t { free, locked, awaited };  // awaited: locked, and a thread may be asleep

  bool try_lock() {
    State expected = free;
    return state_.compare_exchange_strong(expected, locked, std::memory_order_acquire, std::memory_order_relaxed);
  }

  [[gnu::noinline]] void wait() {
    for (unsigned i = 0; i < max_spins; ++i) {
      if (state_.load(std::memory_order_relaxed) == free && try_lock()) return;
      pause();
    }
    // Not `std::atomic::wait`, which spins again before it sleeps: meanwhile nobody is woken, and a thread that takes
    // the lock again and again starves all others.
    std::unique_lock<std::mutex> lock(sleep_);
    while (state_.exchange(awaited, std::memory_order_acquire) != free) woken_.wait(lock);
  }

  [[gnu::noinline]] void wake() {
    { const std::lock_guard lock(sleep_); }  // a thread that was about to sleep does so now
    woken_.notify_one();
  }

  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  static constexpr unsigned max_spins = 100;

  std::atomic<State> state_{free};
  std::mutex sleep_;
  std::condition_variable woken_;
};

}  // namespace cinch
