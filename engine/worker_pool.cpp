#include "cinch/worker_pool.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace cinch {
namespace {

/// One call of `run`; it lives on its caller's stack and leaves the list before that returns.
struct Job {
  Job(std::size_t parts, const std::function<void(std::size_t)>& work) : count(parts), part(work) {}

  /// Takes parts until none is left.
  void work() noexcept {
    for (std::size_t i = next.fetch_add(1, std::memory_order_relaxed); i < count;
         i = next.fetch_add(1, std::memory_order_relaxed)) {
      try {
        part(i);
      } catch (...) {
        const std::lock_guard lock(failure_mutex);
        if (!failure) failure = std::current_exception();
      }
    }
  }

  bool has_parts() const noexcept { return next.load(std::memory_order_relaxed) < count; }

  const std::size_t count;
  const std::function<void(std::size_t)>& part;
  std::atomic<std::size_t> next{0};
  std::size_t helpers = 0;  // workers that are at it; by the pool's mutex
  std::condition_variable left;
  std::mutex failure_mutex;
  std::exception_ptr failure;
};

}  // namespace

struct WorkerPool::State {
  explicit State(unsigned wanted) : threads(wanted != 0 ? wanted : std::max(1u, std::thread::hardware_concurrency())) {}

  void start_workers() {
    try {
      while (workers.size() + 1 < threads) workers.emplace_back([this] { serve(); });
    } catch (const std::system_error&) {  // no more threads to be had: those that are there do the work
    }
  }

  void serve() {
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return closing || !jobs.empty(); });
      if (closing) return;
      Job* const job = jobs.front();
      if (!job->has_parts()) {
        jobs.pop_front();
        continue;
      }
      ++job->helpers;
      lock.unlock();
      job->work();
      lock.lock();
      if (--job->helpers == 0) job->left.notify_one();
    }
  }

  const unsigned threads;
  const pid_t process = getpid();

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job*> jobs;  // by mutex, as all below
  std::vector<std::thread> workers;
  bool closing = false;
};

WorkerPool::WorkerPool(unsigned threads) : state_(std::make_unique<State>(threads)) {}

WorkerPool::~WorkerPool() {
  if (state_->process != getpid()) {
    (void)state_.release();  // a child has no workers to join, and their handles would end it
    return;
  }
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
  }
  state_->wake.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
}

unsigned WorkerPool::threads() const noexcept { return state_->threads; }

void WorkerPool::run(std::size_t count, const std::function<void(std::size_t)>& part) {
  Job job(count, part);
  const std::size_t helpers = std::min<std::size_t>(state_->threads, count) - std::min<std::size_t>(count, 1);
  if (helpers == 0 || state_->process != getpid()) {
    job.work();
  } else {
    {
      const std::lock_guard lock(state_->mutex);
      state_->start_workers();
      state_->jobs.push_back(&job);
    }
    helpers == 1 ? state_->wake.notify_one() : state_->wake.notify_all();
    job.work();
    std::unique_lock lock(state_->mutex);
    std::erase(state_->jobs, &job);
    job.left.wait(lock, [&] { return job.helpers == 0; });
  }
  if (job.failure) std::rethrow_exception(job.failure);
}

}  // namespace cinch
