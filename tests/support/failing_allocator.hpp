/// Allocations that fail on demand, and a count of them: programs that link failing_allocator.cpp have `operator new`
/// replaced, and without a sanitizer malloc too, which the libraries that codecs are made of call.
#pragma once

#include <cstddef>
#include <new>

namespace cinch::test {

/// While it lives, the `n`-th allocation of this thread from now on (0: the next) fails, alone or with all after it.
class FailingAllocation {
 public:
  explicit FailingAllocation(int n, bool for_ever = false) noexcept;
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;
  ~FailingAllocation();

  bool has_failed() const noexcept;
};

/// Counts what this thread allocates from the construction on. One at a time: the next one starts from zero again.
class AllocationCount {
 public:
  AllocationCount() noexcept;
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;

  /// All bytes that were asked for, whether given back since or not.
  std::size_t bytes() const noexcept;
  std::size_t calls() const noexcept;
};

/// Calls `work` with its first allocation failing, then with its second, and so on until none of its allocations is
/// left to fail; then the same with all further allocations failing too. Returns the number of calls in which an
/// allocation failed. After each call, with allocations working again, `judge(n, for_ever)` checks what it has left
/// behind. With a `step`, only every `step`-th allocation is made to fail. Only `std::bad_alloc` may leave `work`.
template <class Work, class Judge>
int fail_each_allocation(Work&& work, Judge&& judge, int step = 1) {
  int failures = 0;
  for (const bool for_ever : {false, true}) {
    for (int n = 0;; n += step) {
      bool has_failed = false;
      {
        const FailingAllocation failing(n, for_ever);
        try {
          work();
        } catch (const std::bad_alloc&) {
        }
        has_failed = failing.has_failed();
      }
      judge(n, for_ever);
      if (!has_failed) break;
      ++failures;
    }
  }
  return failures;
}

}  // namespace cinch::test
