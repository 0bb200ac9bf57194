/// Threads are numbered in the order in which they ask first, so that each can have a place of its own in what they
/// share.
#pragma once

#include <atomic>
#include <cstddef>

namespace cinch {

inline std::size_t thread_number() noexcept {
  static std::atomic<std::size_t> threads{0};
  // From 1 on. Were it initialised at run time, each call would ask whether it was.
  constinit thread_local std::size_t mine = 0;
  if (mine == 0) mine = threads.fetch_add(1, std::memory_order_relaxed) + 1;
  return mine - 1;
}

}  // namespace cinch
