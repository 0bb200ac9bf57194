/// Small numbers for threads, in the order of their first call, so that threads can use different slots of what they
/// share.
#pragma once

#include <atomic>
#include <cstddef>

namespace cinch {

inline std::size_t thread_number() noexcept {
  static std::atomic<std::size_t> threads{0};
  // Counts from 1; with dynamic initialisation, every call would check whether it has happened.
  constinit thread_local std::size_t mine = 0;
  if (mine == 0) mine = threads.fetch_add(1, std::memory_order_relaxed) + 1;
  return mine - 1;
}

}  // namespace cinch
