#include "cinch/buffer_pool.hpp"

#include <sanitizer/asan_interface.h>  // its macros are nothing in a build without ASan

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <mutex>
#include <new>

#include "engine/huge_pages.hpp"

namespace cinch {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t min_pooled = std::size_t{16} << 10;  // malloc caches smaller ones itself
constexpr std::size_t steps_per_octave = 8;                // a buffer is at most an eighth longer than asked for
constexpr unsigned min_log = 14;
static_assert(min_pooled == std::size_t{1} << min_log);

/// A size class: all of its buffers have the same length.
struct SizeClass {
  std::size_t index;
  std::size_t bytes;
};

constexpr SizeClass class_of(std::size_t size) noexcept {
  if (size <= min_pooled) return {0, min_pooled};
  const auto log = static_cast<unsigned>(std::bit_width(size - 1)) - 1;
  const std::size_t step = (std::size_t{1} << log) / steps_per_octave;
  const std::size_t steps = (size - (std::size_t{1} << log) + step - 1) / step;
  return {(log - min_log) * steps_per_octave + steps, (std::size_t{1} << log) + steps * step};
}

constexpr SizeClass class_at(std::size_t index) noexcept {
  const std::size_t octave = min_pooled << (index / steps_per_octave);
  return {index, octave + index % steps_per_octave * (octave / steps_per_octave)};
}

constexpr std::size_t class_count = class_of(max_pooled_bytes).index + 1;
static_assert(class_at(class_count - 1).bytes == max_pooled_bytes);

bool is_pooled(std::size_t size) noexcept { return size >= min_pooled && size <= max_pooled_bytes; }

std::align_val_t alignment_for(std::size_t size) noexcept {
  return std::align_val_t{size >= 2 * huge_page ? huge_page : alignment};
}

/// Allocates `size` bytes, of which `used` are wanted now.
void* allocate(std::size_t size, std::size_t used) {
  if (size > PTRDIFF_MAX) throw std::bad_alloc();  // aligned, it would wrap around
  void* const memory = ::operator new(size, alignment_for(size));
  advise_huge_pages(memory, used);
  return memory;
}

void release(void* memory, std::size_t size) noexcept { ::operator delete(memory, alignment_for(size)); }

/// Idle buffers are linked through their own first bytes, which stay unpoisoned: LeakSanitizer follows no pointers in
/// poisoned memory, and would report all but the first of a list as leaked.
struct Idle {
  Idle* next;
};

struct Pool {
  std::mutex mutex;
  std::array<Idle*, class_count> idle{};  // by mutex, as are all functions
  std::atomic<std::size_t> bytes{0};      // changed under mutex
  std::size_t most = max_pooled_bytes;    // by mutex

  /// Null if none of this class is idle.
  Idle* take(const SizeClass& wanted) noexcept {
    Idle* const found = idle[wanted.index];
    if (!found) return nullptr;
    idle[wanted.index] = found->next;
    bytes.fetch_sub(wanted.bytes, std::memory_order_relaxed);
    return found;
  }

  void give(const SizeClass& own, void* memory) noexcept {
    ASAN_UNPOISON_MEMORY_REGION(memory, sizeof(Idle));
    idle[own.index] = new (memory) Idle{idle[own.index]};
    bytes.fetch_add(own.bytes, std::memory_order_relaxed);
    ASAN_POISON_MEMORY_REGION(static_cast<char*>(memory) + sizeof(Idle), own.bytes - sizeof(Idle));
  }

  /// Requires: some buffer is idle.
  SizeClass longest_idle() const noexcept {
    std::size_t index = class_count - 1;
    while (!idle[index]) --index;
    return class_at(index);
  }
};

/// Never destroyed, since values may outlive every static object; and not allocated, since buffers are returned where
/// nothing may throw.
Pool& pool() noexcept {
  alignas(Pool) static std::byte memory[sizeof(Pool)];
  static Pool& instance = *new (memory) Pool;
  return instance;
}

/// Frees idle buffers, the longest first, until `wanted` more bytes may be idle. Unlocks meanwhile.
void make_room(Pool& all, std::unique_lock<std::mutex>& lock, std::size_t wanted) noexcept {
  while (all.bytes.load(std::memory_order_relaxed) > 0 &&
         all.bytes.load(std::memory_order_relaxed) + wanted > all.most) {
    const SizeClass longest = all.longest_idle();
    Idle* const dropped = all.take(longest);
    lock.unlock();
    ASAN_UNPOISON_MEMORY_REGION(dropped, longest.bytes);
    release(dropped, longest.bytes);
    lock.lock();
  }
}

}  // namespace

void* take_buffer(std::size_t size) {
  if (!is_pooled(size)) return allocate(size, size);
  const SizeClass wanted = class_of(size);
  Pool& all = pool();
  {
    const std::lock_guard lock(all.mutex);
    if (Idle* const found = all.take(wanted)) {
      ASAN_UNPOISON_MEMORY_REGION(found, size);
      return found;
    }
  }
  void* const memory = allocate(wanted.bytes, size);
  ASAN_POISON_MEMORY_REGION(static_cast<char*>(memory) + size, wanted.bytes - size);
  return memory;
}

void give_buffer_back(void* memory, std::size_t size) noexcept {
  if (!is_pooled(size)) return release(memory, size);
  const SizeClass own = class_of(size);
  Pool& all = pool();
  std::unique_lock lock(all.mutex);
  // A buffer just used is likelier to be wanted next than idle ones, so that the longest of those make room for it.
  if (own.bytes <= all.most) make_room(all, lock, own.bytes);
  if (own.bytes <= all.most) return all.give(own, memory);  // the limit may have changed meanwhile
  lock.unlock();
  ASAN_UNPOISON_MEMORY_REGION(memory, own.bytes);
  release(memory, own.bytes);
}

void limit_pooled(std::size_t bytes) noexcept {
  Pool& all = pool();
  std::unique_lock lock(all.mutex);
  all.most = std::min(bytes, max_pooled_bytes);
  make_room(all, lock, 0);
}

std::uint64_t pooled_bytes() noexcept { return pool().bytes.load(std::memory_order_relaxed); }

}  // namespace cinch
