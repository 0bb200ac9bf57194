/// Threads are numbered in the order in which they ask first, so that each can have a place of its own in what they
/// share.
#pragma once

#include <atomic>
#include <cstddef>

namespace cinch {

inline std::size_t thread_number() noexcept {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}  // namespace cinch
