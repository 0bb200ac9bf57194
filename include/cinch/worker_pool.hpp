/// `WorkerPool`: the threads that encode and decode the blocks of values; several stores may share one.
///
/// What: work is cut into parts that the caller's own thread and idle workers take, one after the other; so a pool of
/// one thread starts none, and a call is never stuck behind another's work. Threads: every function from any thread.
/// Workers start with the first work that needs them. After a fork the child works on its own thread alone. Ownership:
/// shared; the destructor joins the workers. Errors: none but `std::bad_alloc`.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "cinch/export.hpp"

namespace cinch {

class CINCH_API WorkerPool {
 public:
  /// `threads` counts the caller's: 1 starts none. 0 is as many as the machine runs at once.
  explicit WorkerPool(unsigned threads = 0);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  unsigned threads() const noexcept;

  /// Calls `part(i)` once for every `i < count`, in any order and concurrently, and returns when all have returned.
  /// What a part throws is thrown again, the first of several; the other parts are run all the same. A part may call
  /// this.
  void run(std::size_t count, const std::function<void(std::size_t)>& part);

  /// Calls `task` on a worker, soon; a pool of one thread starts one worker for it. Where no thread can be had, and in
  /// the child of a fork, it is called here, before this returns. Tasks that wait when the pool goes are run first.
  /// Requires: it throws nothing.
  void submit(std::function<void()> task);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the workers: the last owner may be one of them
};

}  // namespace cinch
