#include "tests/support/failing_allocator.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CINCH_MALLOC_IS_REPLACEABLE 0  // a sanitizer has replaced it
#else
#define CINCH_MALLOC_IS_REPLACEABLE 1
#endif

namespace {

constexpr int never = -1;
thread_local int left = never;  // allocations until one fails
thread_local bool all_after = false;
thread_local bool failed = false;
thread_local std::size_t asked_for = 0;  // bytes
thread_local std::size_t times = 0;

/// Whether an allocation is to fail.
bool fails(std::size_t size) noexcept {
  asked_for += size;
  ++times;
  if (left == never) return false;
  if (left > 0) {
    --left;
    return false;
  }
  failed = true;
  if (!all_after) left = never;
  return true;
}

}  // namespace

#if CINCH_MALLOC_IS_REPLACEABLE
extern "C" {
// glibc's own, under the names that are there for this.
void* __libc_malloc(std::size_t size);                           // NOLINT
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT
void* __libc_realloc(void* memory, std::size_t size);            // NOLINT
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT

void* malloc(std::size_t size) {
  if (!fails(size)) return __libc_malloc(size);
  errno = ENOMEM;
  return nullptr;
}
void* calloc(std::size_t count, std::size_t size) {
  if (!fails(count * size)) return __libc_calloc(count, size);
  errno = ENOMEM;
  return nullptr;
}
void* realloc(void* memory, std::size_t size) {
  if (!fails(size)) return __libc_realloc(memory, size);
  errno = ENOMEM;
  return nullptr;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  if (!fails(size)) return __libc_memalign(alignment, size);
  errno = ENOMEM;
  return nullptr;
}
}

namespace {
void* allocate_unwatched(std::size_t alignment, std::size_t size) noexcept { return __libc_memalign(alignment, size); }
}  // namespace
#else
namespace {
void* allocate_unwatched(std::size_t alignment, std::size_t size) noexcept {
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}
}  // namespace
#endif

namespace {

void* allocate(std::size_t size, std::size_t alignment) noexcept {
  return fails(size) ? nullptr : allocate_unwatched(alignment, std::max<std::size_t>(size, 1));
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  void* memory = allocate(size, alignment);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate_or_throw(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace cinch::test {

FailingAllocation::FailingAllocation(int n, bool for_ever) noexcept {
  left = n;
  all_after = for_ever;
  failed = false;
}
FailingAllocation::~FailingAllocation() { left = never; }
bool FailingAllocation::has_failed() const noexcept { return failed; }

AllocationCount::AllocationCount() noexcept { asked_for = times = 0; }
std::size_t AllocationCount::bytes() const noexcept { return asked_for; }
std::size_t AllocationCount::calls() const noexcept { return times; }

}  // namespace cinch::test
