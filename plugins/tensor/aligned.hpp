/// Arrays that start at a multiple of 64 bytes, so that a vector at such a multiple lies in one cache line.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace cinch::tensor {

template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};

  AlignedAllocator() = default;
  template <class U>
  explicit AlignedAllocator(const AlignedAllocator<U>&) noexcept {}

  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
  void deallocate(T* array, std::size_t) noexcept { ::operator delete(array, alignment); }
  bool operator==(const AlignedAllocator&) const = default;
};

template <class T>
using Aligned = std::vector<T, AlignedAllocator<T>>;

}  // namespace cinch::tensor
