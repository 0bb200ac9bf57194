/// Working state for each block of a value.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace cinch {

/// An array with one element per block; a single element is held inline, without an allocation.
template <class T>
class PerBlock {
 public:
  explicit PerBlock(std::size_t count) {
    if (count > 1) several_ = std::vector<T>(count);
  }

  std::size_t size() const noexcept { return several_.empty() ? 1 : several_.size(); }
  std::span<T> all() noexcept { return several_.empty() ? std::span(&single_, 1) : std::span(several_); }
  T& operator[](std::size_t i) noexcept { return several_.empty() ? single_ : several_[i]; }

 private:
  T single_;
  std::vector<T> several_;
};

}  // namespace cinch
