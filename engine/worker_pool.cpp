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

/// One call of `run`. It lives on the caller's stack and leaves the list before the call returns.
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
  std::size_t helpers = 0;  // workers that take parts; by the pool's mutex
  std::condition_variable left;
  std::mutex failure_mutex;
  std::exception_ptr failure;
};

}  // namespace

struct WorkerPool::State {
  explicit State(unsigned wanted) : threads(wanted != 0 ? wanted : std::max(1u, std::thread::hardware_concurrency())) {}

  /// Starts none while the pool is being destroyed: nobody would join it. Requires: the mutex is held.
  static void start_workers(const std::shared_ptr<State>& state, unsigned wanted) {
    if (state->closing) return;
    try {
      while (state->workers.size() < wanted) state->workers.emplace_back([state] { state->serve(); });
    } catch (const std::system_error&) {  // no more threads available: the existing ones do the work
    }
  }

  /// The main loop of a worker. Jobs (whose callers wait) and tasks alternate, so that neither starves.
  void serve() {
    bool is_turn_of_tasks = false;
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return closing || !jobs.empty() || !tasks.empty(); });
      const bool is_job_next = !jobs.empty() && (tasks.empty() || !is_turn_of_tasks);
      is_turn_of_tasks = is_job_next;
      if (is_job_next) {
        help(*jobs.front(), lock);
      } else if (!tasks.empty()) {
        std::function<void()> task = std::move(tasks.front());
        tasks.pop_front();
        lock.unlock();
        task();
        task = nullptr;
        lock.lock();
      } else {
        return;
      }
    }
  }

  void help(Job& job, std::unique_lock<std::mutex>& lock) {
    if (!job.has_parts()) {
      jobs.pop_front();
      return;
    }
    ++job.helpers;
    lock.unlock();
    job.work();
    lock.lock();
    if (--job.helpers == 0) job.left.notify_one();
  }

  const unsigned threads;
  const pid_t process = getpid();

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job*> jobs;  // by mutex, as all below
  std::deque<std::function<void()>> tasks;
  std::vector<std::thread> workers;
  bool closing = false;
};

WorkerPool::WorkerPool(unsigned threads) : state_(std::make_shared<State>(threads)) {}

WorkerPool::~WorkerPool() {
  if (state_->process != getpid()) {
    // A forked child has no workers to join, and destroying their handles would terminate it.
    (void)new std::shared_ptr<State>(std::move(state_));
    return;
  }
  std::vector<std::thread> workers;
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
    workers.swap(state_->workers);
  }
  state_->wake.notify_all();
  for (std::thread& worker : workers) {
    worker.get_id() == std::this_thread::get_id() ? worker.detach() : worker.join();
  }
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
      State::start_workers(state_, static_cast<unsigned>(helpers));
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

void WorkerPool::submit(std::function<void()> task) {
  if (state_->process != getpid()) return task();
  const std::shared_ptr<State> state = state_;  // the task may be the last owner of the pool, and done before this is
  std::unique_lock lock(state->mutex);
  State::start_workers(state, std::max(1u, state->threads - 1));
  if (state->workers.empty() && !state->closing) {
    lock.unlock();
    return task();
  }
  // While the pool is being destroyed, it is a task that submits: its worker takes this one, too.
  state->tasks.push_back(std::move(task));
  lock.unlock();
  state->wake.notify_one();
}

}  // namespace cinch
