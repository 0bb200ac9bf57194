/// `WorkerPool`: the threads that encode and decode the blocks of values; several stores may share one.
///
/// What: work is cut into parts, which the calling thread and idle workers take one by one: a pool of one thread starts
/// none, and a call never waits for another one's work. Threads: every function from any thread. Workers start when
/// they are first needed. After a fork the child has its own thread only. Ownership: shared; the destructor joins the
/// workers. Errors: only `std::bad_alloc`.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "cinch/export.hpp"

namespace cinch {

class CINCH_API WorkerPool {
 public:
  /// `threads` includes the caller's: 1 starts none. 0: one for each hardware thread.
  explicit WorkerPool(unsigned threads = 0);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  unsigned threads() const noexcept;

  /// Calls `part(i)` once for every `i < count`, in any order and concurrently, and returns when all have returned.
  /// Runs all parts even if some throw, then rethrows the first exception. A part may call `run`.
  void run(std::size_t count, const std::function<void(std::size_t)>& part);

  /// Calls `task` on a worker, soon; a pool of one thread starts one worker for it. If no thread can be started, and in
  /// the child of a fork, it is called before this returns. The destructor runs the tasks that still wait. Requires:
  /// `task` throws nothing.
  void submit(std::function<void()> task);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the workers: the last owner may be one of them
};

}  // namespace cinch
