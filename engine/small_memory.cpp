// A per-thread cache of small allocations. glibc's thread cache ends at 1 KiB; above, malloc takes locks and touches
// neighbouring chunks, which are cache misses.
#include <pthread.h>
#include <sanitizer/asan_interface.h>  // its macros are nothing in a build without ASan

#include <array>
#include <atomic>
#include <new>

#include "cinch/buffer_pool.hpp"

namespace cinch {
namespace {

constexpr std::size_t step = __STDCPP_DEFAULT_NEW_ALIGNMENT__;  // malloc rounds to it, too

constexpr std::size_t class_of(std::size_t size) noexcept { return size == 0 ? 1 : (size + step - 1) / step; }

/// Idle pieces are linked through their own first bytes, which stay unpoisoned: LeakSanitizer follows the links.
struct Idle {
  Idle* next;
};

/// The cache of one thread. Neither constructed nor destroyed: values may outlive the thread's destructors.
struct Kept {
  std::array<Idle*, class_of(max_small_bytes) + 1> idle;
  std::size_t bytes;
  bool ends_with_thread;

  void give_up() noexcept {
    for (std::size_t i = 0; i < idle.size(); ++i) {
      while (Idle* const found = idle[i]) {
        idle[i] = found->next;
        ASAN_UNPOISON_MEMORY_REGION(found, i * step);
        ::operator delete(static_cast<void*>(found));
      }
    }
    bytes = 0;
  }
};
constinit thread_local Kept kept{};

/// Frees the caches of threads that end. Not a destructor of `kept`: registering one allocates, and the process aborts
/// if that fails.
class ThreadExitHook {
 public:
  ThreadExitHook() noexcept : has_key_(pthread_key_create(&key_, run) == 0) {}
  ThreadExitHook(const ThreadExitHook&) = delete;
  ThreadExitHook& operator=(const ThreadExitHook&) = delete;
  ~ThreadExitHook() {
    if (has_key_) pthread_key_delete(key_);  // the library may be unloaded before the last thread ends
    has_key_ = false;
  }

  /// Whether the thread's cache will be freed when it ends; if not, it must stay empty.
  bool register_thread(Kept& mine) noexcept {
    if (!mine.ends_with_thread) mine.ends_with_thread = has_key_ && pthread_setspecific(key_, &mine) == 0;
    return mine.ends_with_thread;
  }

 private:
  static void run(void* mine) noexcept {
    static_cast<Kept*>(mine)->give_up();
    static_cast<Kept*>(mine)->ends_with_thread = false;  // registers again if later destructors fill it
  }

  pthread_key_t key_{};
  std::atomic<bool> has_key_;
};
ThreadExitHook thread_exit_hook;

}  // namespace

void* take_small(std::size_t size) {
  if (size > max_small_bytes) return ::operator new(size);
  const std::size_t own = class_of(size);
  Kept& mine = kept;
  if (Idle* const found = mine.idle[own]) {
    mine.idle[own] = found->next;
    mine.bytes -= own * step;
    ASAN_UNPOISON_MEMORY_REGION(found, size);
    return found;
  }
  void* const memory = ::operator new(own* step);
  ASAN_POISON_MEMORY_REGION(static_cast<char*>(memory) + size, own * step - size);
  return memory;
}

void give_small_back(void* memory, std::size_t size) noexcept {
  const std::size_t own = class_of(size);
  if (size > max_small_bytes) return ::operator delete(memory);
  Kept& mine = kept;
  ASAN_UNPOISON_MEMORY_REGION(memory, own * step);
  if (!thread_exit_hook.register_thread(mine)) return ::operator delete(memory);
  // Frees all, so that pieces of sizes no longer in use do not stay for ever.
  if (mine.bytes + own * step > max_kept_bytes) mine.give_up();
  mine.idle[own] = new (memory) Idle{mine.idle[own]};
  mine.bytes += own * step;
  ASAN_POISON_MEMORY_REGION(static_cast<char*>(memory) + sizeof(Idle), own * step - sizeof(Idle));
}

}  // namespace cinch
