/// Keeps the one worker of a pool busy, so that what is submitted meanwhile does not start.
#pragma once

#include <latch>

#include "cinch/worker_pool.hpp"

namespace cinch::test {

class BusyWorker {
 public:
  /// Returns when the worker is busy.
  explicit BusyWorker(WorkerPool& workers) : workers_(workers) {
    workers_.submit([this] {
      busy_.count_down();
      release_.wait();
    });
    busy_.wait();
  }
  BusyWorker(const BusyWorker&) = delete;
  BusyWorker& operator=(const BusyWorker&) = delete;

  /// Has to be called once. Returns when the worker has done what was submitted meanwhile, and has left this object.
  void release() {
    release_.count_down();
    std::latch drained(1);
    workers_.submit([&drained] { drained.count_down(); });
    drained.wait();
  }

 private:
  WorkerPool& workers_;
  std::latch busy_{1};
  std::latch release_{1};
};

}  // namespace cinch::test
