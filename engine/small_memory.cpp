// Small pieces of memory that threads keep for themselves. malloc's own caches end at 1 KiB; beyond it a set of a small
// value is locks, and reads of whatever lies before and behind the piece, which is in no cache.
#include <pthread.h>
#include <sanitizer/asan_interface.h>  // its macros are nothing in a build without ASan

#include <array>
#include <atomic>
#include <new>

#include "cinch/buffer_pool.hpp"

namespace cinch {
namespace {

constexpr std::size_t step = __STDCPP_DEFAULT_NEW_ALIGNMENT__;  // malloc's lengths, too, are multiples of it

constexpr std::size_t class_of(std::size_t size) noexcept { return size == 0 ? 1 : (size + step - 1) / step; }

/// Idle pieces are linked through their own first bytes, which stay unpoisoned: LeakSanitizer follows the links.
struct Idle {
  Idle* next;
};

/// What one thread keeps. Nothing of it is constructed or destroyed: values may outlive whatever a thread destroys.
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

/// Has threads give up what they keep when they end. Not a destructor of `kept`: to register one takes memory, and a
/// thread that gets none is aborted.
class ThreadEnds {
 public:
  ThreadEnds() noexcept : has_key_(pthread_key_create(&key_, end) == 0) {}
  ThreadEnds(const ThreadEnds&) = delete;
  ThreadEnds& operator=(const ThreadEnds&) = delete;
  ~ThreadEnds() {
    if (has_key_) pthread_key_delete(key_);  // `end` may be gone before the last thread is
    has_key_ = false;
  }

  /// False: this thread is to keep nothing.
  bool know(Kept& mine) noexcept {
    if (!mine.ends_with_thread) mine.ends_with_thread = has_key_ && pthread_setspecific(key_, &mine) == 0;
    return mine.ends_with_thread;
  }

 private:
  static void end(void* mine) noexcept {
    static_cast<Kept*>(mine)->give_up();
    static_cast<Kept*>(mine)->ends_with_thread = false;  // what comes back later still, from other destructors
  }

  pthread_key_t key_{};
  std::atomic<bool> has_key_;
};
ThreadEnds thread_ends;

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
  if (!thread_ends.know(mine)) return ::operator delete(memory);
  // All of it goes, lest pieces of sizes that are no longer used stay for ever.
  if (mine.bytes + own * step > max_kept_bytes) mine.give_up();
  mine.idle[own] = new (memory) Idle{mine.idle[own]};
  mine.bytes += own * step;
  ASAN_POISON_MEMORY_REGION(static_cast<char*>(memory) + sizeof(Idle), own * step - sizeof(Idle));
}

}  // namespace cinch
