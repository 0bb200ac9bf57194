#include "tests/support/failing_allocator.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

constexpr int never = -1;
constexpr int failed = -2;
thread_local int left = never;  // allocations until one fails

void* allocate(std::size_t size, std::size_t alignment) {
  if (left == 0) {
    left = failed;
    throw std::bad_alloc();
  }
  if (left > 0) --left;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace cinch::test {

FailingAllocation::FailingAllocation(int n) noexcept { left = n; }
FailingAllocation::~FailingAllocation() { left = never; }
bool FailingAllocation::has_failed() const noexcept { return left == failed; }

}  // namespace cinch::test
