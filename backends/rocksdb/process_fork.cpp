#include "backends/rocksdb/process_fork.hpp"

#include <pthread.h>

#include <atomic>

namespace cinch {
namespace {

std::atomic<std::uint64_t> generation{0};

void count_fork() { generation.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

std::uint64_t fork_generation() noexcept {
  // A handler, not getpid(): a call costs one load instead of a system call.
  [[maybe_unused]] static const int registered = pthread_atfork(nullptr, nullptr, count_fork);
  return generation.load(std::memory_order_relaxed);
}

}  // namespace cinch
