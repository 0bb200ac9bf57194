/// Works on the blocks of a value, or on the values of a batch, in parallel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "cinch/status.hpp"
#include "cinch/worker_pool.hpp"

namespace cinch {

/// Calls `work(i)` for every `i < count`, on the caller's thread and on `workers`, if given, and returns the failure
/// with the lowest `i`. Without workers it stops at the first failure.
template <class Work>
Status for_each_block(std::size_t count, WorkerPool* workers, Work&& work) {
  if (count < 2 || !workers) {
    for (std::size_t i = 0; i < count; ++i) {
      if (Status status = work(i); !status.ok()) return status;
    }
    return {};
  }
  std::vector<Status> outcomes(count);
  workers->run(count, [&](std::size_t i) { outcomes[i] = work(i); });
  const auto failed = std::ranges::find_if(outcomes, [](const Status& status) { return !status.ok(); });
  return failed == outcomes.end() ? Status() : *failed;
}

}  // namespace cinch
