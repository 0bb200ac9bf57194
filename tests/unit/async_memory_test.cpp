// Asynchronous operations whose worker, or whose cancellation, has no memory: each of them completes, once.
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <latch>
#include <stdexcept>

#include "cinch/async.hpp"
#include "cinch/store_config.hpp"
#include "tests/support/busy_worker.hpp"
#include "tests/support/failing_allocator.hpp"

namespace cinch {
namespace {

namespace asio = boost::asio;

/// What a call without memory may answer: the codec's own "out of memory", too.
bool says_memory_ran_out(StatusCode code) { return code == StatusCode::no_space || code == StatusCode::codec_failed; }

class AsyncMemoryTest : public testing::Test {
 protected:
  AsyncKvStore async(asio::any_io_executor executor) { return {store, std::move(executor), workers}; }

  /// Runs `start` with the one worker's `n`-th allocation, or all from that on, failing; returns whether one failed.
  template <class Start>
  bool fails_on_worker(int n, bool for_ever, Start start) {
    std::optional<test::FailingAllocation> failing;
    bool has_failed = false;
    std::latch started(1);
    std::latch ended(1);
    workers->submit([&] {
      started.wait();
      failing.emplace(n, for_ever);
    });
    start();
    workers->submit([&] {
      has_failed = failing->has_failed();
      failing.reset();
      ended.count_down();
    });
    started.count_down();
    ended.wait();
    return has_failed;
  }

  /// The same with the first allocation, then with the second, and so on until none is left to fail.
  template <class Start, class Judge>
  int fail_each_on_worker(Start start, Judge judge) {
    int failures = 0;
    for (const bool for_ever : {false, true}) {
      for (int n = 0; fails_on_worker(n, for_ever, start); ++n, ++failures) judge(n);
      judge(-1);
    }
    return failures;
  }

  /// Whether completing on such an executor needs memory of the worker's.
  template <class Token>
  bool completing_allocates(AsyncKvStore kv, Token&& token) {
    return fails_on_worker(0, true,
                           [&] { kv.call<Status>([](KvStore&) { return Status(); }, std::forward<Token>(token)); });
  }

  void run_loop() {
    loop.run();
    loop.restart();
  }

  asio::io_context loop;  // outlives the workers
  std::shared_ptr<WorkerPool> workers = std::make_shared<WorkerPool>(2);
  std::shared_ptr<KvStore> store = open_store(StoreConfig()).value();
};

TEST_F(AsyncMemoryTest, EveryAllocationOfAGetMayFail) {
  const std::string text(1 << 20, 'x');
  ASSERT_TRUE(store->set("k", as_bytes(text), {}).ok());
  AsyncKvStore kv = async(loop.get_executor());
  int calls = 0;
  StatusCode code = StatusCode::ok;
  const int failures = fail_each_on_worker(
      [&] {
        kv.get("k", [&](const GetResult& got) {
          ++calls;
          code = got.status().code();
          if (got) {
            EXPECT_EQ((*got)->text(), text);
          }
        });
      },
      [&](int n) {
        run_loop();
        EXPECT_EQ(std::exchange(calls, 0), 1) << n;
        EXPECT_TRUE(n < 0 ? code == StatusCode::ok : says_memory_ran_out(code)) << n << ": " << to_string(code);
      });
  EXPECT_GT(failures, 1);
}

TEST_F(AsyncMemoryTest, ABatchWithoutMemoryAnswersForEachOfItsKeys) {
  ASSERT_TRUE(store->set("b", as_bytes(std::string(1 << 20, 'x')), {}).ok());
  AsyncKvStore kv = async(loop.get_executor());
  std::vector<GetResult> results;
  fail_each_on_worker(
      [&] {
        kv.batch_get({"a", "b", "c"}, [&](std::vector<GetResult> all) { results = std::move(all); });
      },
      [&](int n) {
        run_loop();
        ASSERT_EQ(results.size(), 3u) << n;
        const Status status = results[1].status();
        EXPECT_TRUE(n < 0 ? status.ok() : says_memory_ran_out(status.code())) << n << status.to_string();
        results.clear();
      });
}

TEST_F(AsyncMemoryTest, WhatIsThrownIsAnAnswerWithoutMemoryToo) {
  AsyncKvStore kv = async(loop.get_executor());
  const std::runtime_error thrown("of the host");
  StatusCode code = StatusCode::ok;
  fail_each_on_worker(
      [&] { kv.call<Status>([&](KvStore&) -> Status { throw thrown; }, [&](const Status& s) { code = s.code(); }); },
      [&](int n) {
        run_loop();
        const bool is_thrown = code == StatusCode::io_error;  // the runtime has memory of its own for exceptions
        EXPECT_TRUE(is_thrown || (n >= 0 && code == StatusCode::no_space)) << n;
        code = StatusCode::ok;
      });
}

TEST_F(AsyncMemoryTest, CompletingOnAsiosExecutorsTakesNone) {
  asio::thread_pool threads(1);
  int calls = 0;
  const auto count = [&](const Status& status) { calls += status.ok(); };
  const auto strand = asio::make_strand(loop);
  EXPECT_FALSE(completing_allocates(async(loop.get_executor()), count));
  EXPECT_FALSE(completing_allocates(async(strand), count));
  EXPECT_FALSE(completing_allocates(async(strand), asio::bind_executor(loop.get_executor(), count)));
  EXPECT_FALSE(completing_allocates(async(loop.get_executor()), asio::bind_executor(strand, count)));
  EXPECT_FALSE(completing_allocates(async(loop.get_executor()), asio::bind_executor(asio::make_strand(strand), count)));
  run_loop();
  EXPECT_EQ(calls, 5);
  EXPECT_FALSE(completing_allocates(async(threads.get_executor()), count));
  threads.join();
  EXPECT_EQ(calls, 6);
}

TEST_F(AsyncMemoryTest, CompletingFuturesAndCoroutinesTakesNone) {
  AsyncKvStore kv = async(loop.get_executor());
  const auto nothing = [](KvStore&) { return Status(); };
  std::future<Status> future;
  EXPECT_FALSE(fails_on_worker(0, true, [&] { future = kv.call<Status>(nothing, asio::use_future); }));
  EXPECT_TRUE(future.get().ok());
  bool is_done = false;
  const auto work = [&]() -> asio::awaitable<void> {
    is_done = (co_await kv.call<Status>(nothing, asio::use_awaitable)).ok();
  };
  EXPECT_FALSE(fails_on_worker(0, true, [&] {
    asio::co_spawn(asio::make_strand(loop), work, asio::detached);
    loop.poll();
    loop.restart();
  }));
  run_loop();
  EXPECT_TRUE(is_done);
}

TEST_F(AsyncMemoryTest, ACancellationWithoutMemoryCancels) {
  test::BusyWorker busy(*workers);
  AsyncKvStore kv = async(loop.get_executor());
  asio::cancellation_signal of_get;
  asio::cancellation_signal of_batch;
  StatusCode code = StatusCode::ok;
  std::size_t cancelled = 0;
  kv.get("k", asio::bind_cancellation_slot(of_get.slot(), [&](const GetResult& got) { code = got.status().code(); }));
  kv.batch_get({"a", "b"}, asio::bind_cancellation_slot(of_batch.slot(), [&](const std::vector<GetResult>& results) {
                 for (const GetResult& each : results) cancelled += each.status().code() == StatusCode::cancelled;
               }));
  bool has_failed = true;
  {
    const test::FailingAllocation failing(0, true);
    of_get.emit(asio::cancellation_type::terminal);
    of_batch.emit(asio::cancellation_type::terminal);
    has_failed = failing.has_failed();
  }
  run_loop();
  EXPECT_FALSE(has_failed);
  EXPECT_EQ(code, StatusCode::cancelled);
  EXPECT_EQ(cancelled, 2u);
  busy.release();
}

TEST_F(AsyncMemoryTest, WhatCannotStartThrowsAndCallsNothing) {
  AsyncKvStore kv = async(asio::make_strand(loop));
  asio::cancellation_signal signal;
  int calls = 0;
  int started = 0;
  const auto count = [&](const std::vector<GetResult>& results) { calls += results.size() == 2; };
  const auto judge = [&](int n, bool) {
    run_loop();
    EXPECT_EQ(calls, started) << n;
  };
  kv.batch_get({"a", "b"}, count);  // starts the worker
  ++started;
  const int failures = test::fail_each_allocation(
      [&] {
        kv.batch_get({"a", "b"}, asio::bind_cancellation_slot(signal.slot(), count));
        ++started;
      },
      judge);
  EXPECT_GT(failures, 5);
  EXPECT_EQ(started, 3);  // with no allocation left to fail, once and for ever
}

/// An executor of the host's, which has no memory the first few times.
class ShortOfMemory {
 public:
  ShortOfMemory(asio::io_context& loop, int& refusals)
      : to_(asio::prefer(loop.get_executor(), asio::execution::outstanding_work.tracked)), refusals_(&refusals) {}

  asio::execution_context& query(asio::execution::context_t) const noexcept { return to_.context(); }
  static constexpr asio::execution::blocking_t::never_t query(asio::execution::blocking_t) noexcept { return {}; }
  template <class Function>
  void execute(Function&& function) const {
    if ((*refusals_)-- > 0) throw std::bad_alloc();
    asio::require(to_, asio::execution::blocking.never).execute(std::forward<Function>(function));
  }
  bool operator==(const ShortOfMemory&) const = default;

 private:
  using Tracked = std::decay_t<decltype(asio::prefer(std::declval<asio::io_context::executor_type>(),
                                                     asio::execution::outstanding_work.tracked))>;
  Tracked to_;
  int* refusals_;
};

/// No more than an executor has to have: no context, nothing to prefer. It says that it takes allocators, and has
/// memory of its own all the same, at first not enough.
class Barest {
 public:
  Barest(asio::io_context& loop, int& refusals) : loop_(&loop), refusals_(&refusals) {}

  static constexpr asio::execution::blocking_t::never_t query(asio::execution::blocking_t) noexcept { return {}; }
  Barest require(asio::execution::blocking_t::never_t) const noexcept { return *this; }
  template <class Allocator>
  Barest require(asio::execution::allocator_t<Allocator>) const noexcept {
    return *this;
  }
  template <class Function>
  void execute(Function&& function) const {
    if ((*refusals_)-- > 0) throw std::bad_alloc();
    asio::post(*loop_, std::forward<Function>(function));
  }
  bool operator==(const Barest&) const = default;

 private:
  asio::io_context* loop_;
  int* refusals_;
};

TEST_F(AsyncMemoryTest, AnExecutorThatTakesAllocatorsIsAskedAgainToo) {
  AsyncKvStore kv = async(loop.get_executor());
  int refusals = 3;
  std::atomic<int> calls = 0;
  kv.exists(
      "k", asio::bind_executor(Barest(loop, refusals), [&](const Result<bool>& found) { calls += found.has_value(); }));
  const auto until_called = asio::make_work_guard(loop);  // the executor keeps none
  for (int waits = 0; calls == 0 && waits < 1000; ++waits) loop.run_one_for(std::chrono::milliseconds(10));
  EXPECT_EQ(calls, 1);
}

TEST_F(AsyncMemoryTest, AnExecutorWithoutMemoryIsAskedAgain) {
  AsyncKvStore kv = async(loop.get_executor());
  int refusals = 3;
  int calls = 0;
  const auto count = [&](const Result<bool>& found) { calls += found.has_value(); };
  kv.exists("k", asio::bind_executor(ShortOfMemory(loop, refusals), count));
  run_loop();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(refusals, -1);
}

}  // namespace
}  // namespace cinch
