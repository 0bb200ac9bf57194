/// Allocations that fail on demand: programs that link failing_allocator.cpp have `operator new` replaced.
#pragma once

namespace cinch::test {

/// While it lives, the `n`-th allocation of this thread from now (0: the next) throws `std::bad_alloc`.
class FailingAllocation {
 public:
  explicit FailingAllocation(int n) noexcept;
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;
  ~FailingAllocation();

  bool has_failed() const noexcept;
};

}  // namespace cinch::test
