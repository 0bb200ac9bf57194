#include "cinch/async.hpp"

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
#include <stdexcept>
#include <thread>

#include "cinch/store_config.hpp"
#include "tests/support/busy_worker.hpp"

namespace cinch {
namespace {

namespace asio = boost::asio;

class AsyncTest : public testing::Test {
 protected:
  AsyncKvStore async(asio::any_io_executor executor) { return {store, std::move(executor), workers}; }

  std::shared_ptr<WorkerPool> workers = std::make_shared<WorkerPool>(2);
  std::shared_ptr<KvStore> store = open_store(StoreConfig()).value();
  asio::io_context loop;
};

TEST_F(AsyncTest, CallbacksComeOnTheLoopWhoseExecutorWasGiven) {
  AsyncKvStore kv = async(loop.get_executor());
  std::thread::id where;
  kv.set("k", Value::copy_of(as_bytes("v")), {}, [&](const Status& set) {
    EXPECT_TRUE(set.ok());
    kv.get("k", [&](const GetResult& got) {
      EXPECT_EQ((*got)->text(), "v");
      where = std::this_thread::get_id();
    });
  });
  loop.run();  // returns when both are done
  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST_F(AsyncTest, MemoryThatRunsOutIsAnAnswer) {
  asio::thread_pool threads(1);
  AsyncKvStore kv = async(threads.get_executor());
  const auto run_out = [](KvStore&) -> Status { throw std::bad_alloc(); };
  EXPECT_EQ(kv.call<Status>(run_out, asio::use_future).get().code(), StatusCode::no_space);
  EXPECT_TRUE(kv.flush(asio::use_future).get().ok());  // the worker goes on
}

TEST_F(AsyncTest, WhatIsThrownIsAnAnswer) {
  asio::thread_pool threads(1);
  AsyncKvStore kv = async(threads.get_executor());
  const auto throw_text = [](KvStore&) -> Status { throw std::runtime_error("of the host"); };
  const auto throw_number = [](KvStore&) -> Status { throw 5; };
  EXPECT_EQ(kv.call<Status>(throw_text, asio::use_future).get().message(), "the operation threw: of the host");
  EXPECT_EQ(kv.call<Status>(throw_number, asio::use_future).get().code(), StatusCode::io_error);
}

TEST_F(AsyncTest, TheWorkersOfAStoreFromAConfigMayBeTaken) {
  for (const unsigned count : {1u, 2u}) {
    StoreConfig config;
    config.threads = count;
    const std::shared_ptr<CompressedKvStore> compressed = open_store(config).value();
    asio::thread_pool threads(1);
    AsyncKvStore kv(compressed, threads.get_executor(), compressed->workers());
    const std::string large(4 << 20, 'x');
    EXPECT_TRUE(kv.set("k", Value::own(std::string(large)), asio::use_future).get().ok());
    EXPECT_EQ(kv.get("k", asio::use_future).get().value()->text(), large);
    EXPECT_EQ(kv.stats(asio::use_future).get()->values, 1u);
  }
}

TEST_F(AsyncTest, FuturesHoldWhatThePlainCallAnswers) {
  asio::thread_pool threads(1);
  AsyncKvStore kv = async(threads.get_executor());
  EXPECT_TRUE(kv.set("a", Value::copy_of(as_bytes("1")), {}, asio::use_future).get().ok());
  EXPECT_TRUE(kv.batch_set({{"b", Value::copy_of(as_bytes("2")), {}}}, asio::use_future).get().ok());
  EXPECT_EQ((*kv.get("a", asio::use_future).get())->text(), "1");
  EXPECT_FALSE(kv.get("absent", asio::use_future).get().value().has_value());
  EXPECT_TRUE(kv.exists("b", asio::use_future).get().value());
  EXPECT_EQ(kv.scan("", std::nullopt, 10, asio::use_future).get()->keys.size(), 2u);
  EXPECT_EQ((*kv.head("a", 1, asio::use_future).get())->size, 1u);
  const std::vector<GetResult> both = kv.batch_get({"b", "a"}, asio::use_future).get();
  EXPECT_EQ((*both[0])->text(), "2");
  std::byte room[1];
  EXPECT_EQ(*kv.get_into("a", room, asio::use_future).get().value(), 1u);
  EXPECT_TRUE(kv.get_range("a", 0, room, asio::use_future).get().value());
  EXPECT_TRUE(kv.touch("a", std::chrono::hours(1), asio::use_future).get().value());
  EXPECT_TRUE(kv.set_if("c", 0, Value::copy_of(as_bytes("3")), {}, asio::use_future).get().value());
  EXPECT_TRUE(kv.remove("a", asio::use_future).get().ok());
  EXPECT_EQ(kv.remove_prefix("", asio::use_future).get().value(), 2u);
  EXPECT_TRUE(kv.flush(asio::use_future).get().ok());
  EXPECT_EQ(kv.checkpoint("x", asio::use_future).get().code(), StatusCode::unsupported);
  EXPECT_TRUE(kv.close(asio::use_future).get().ok());
  EXPECT_EQ(kv.get("a", asio::use_future).get().status().code(), StatusCode::closed);
}

TEST_F(AsyncTest, CoroutinesAwaitIt) {
  AsyncKvStore kv = async(loop.get_executor());
  std::string got;
  const auto work = [&]() -> asio::awaitable<void> {
    AsyncSetOptions options;
    options.codec = "zstd:level=1";
    const Status set = co_await kv.set("k", Value::own(std::string(100000, 'x')), options, asio::use_awaitable);
    EXPECT_TRUE(set.ok()) << set.to_string();
    const GetResult value = co_await kv.get("k", asio::use_awaitable);
    got = (*value)->text();
  };
  asio::co_spawn(loop, work, asio::detached);
  loop.run();
  EXPECT_EQ(got, std::string(100000, 'x'));
}

TEST_F(AsyncTest, CoroutinesMayPassTemporaryOptions) {
  AsyncKvStore kv = async(loop.get_executor());
  const auto work = [&]() -> asio::awaitable<void> {
    EXPECT_TRUE((co_await kv.set("a", Value::own(std::string("1")), {}, asio::use_awaitable)).ok());
    EXPECT_TRUE((co_await kv.set("b", Value::own(std::string("2")), AsyncSetOptions{}, asio::use_awaitable)).ok());
    EXPECT_TRUE((co_await kv.set("c", Value::own(std::string("3")), asio::use_awaitable)).ok());
    EXPECT_TRUE((co_await kv.set_if("d", 0, Value::own(std::string("4")), {}, asio::use_awaitable)).value());
  };
  asio::co_spawn(loop, work, asio::detached);
  loop.run();
  EXPECT_EQ(store->stats().values, 4u);
}

TEST_F(AsyncTest, ManyAreInFlightAtOnce) {
  AsyncKvStore kv = async(loop.get_executor());
  int done = 0;
  for (int i = 0; i < 500; ++i) {
    kv.set("k" + std::to_string(i), Value::own(std::string(1000, 'v')), {}, [&](const Status& set) {
      EXPECT_TRUE(set.ok());
      ++done;  // the loop is one thread
    });
  }
  loop.run();
  EXPECT_EQ(done, 500);
  EXPECT_EQ(store->stats().values, 500u);
}

TEST_F(AsyncTest, WhatHasNotStartedCanBeCancelled) {
  test::BusyWorker busy(*workers);
  AsyncKvStore kv = async(loop.get_executor());
  asio::cancellation_signal signal;
  StatusCode code = StatusCode::ok;
  kv.set("k", Value::copy_of(as_bytes("v")), {},
         asio::bind_cancellation_slot(signal.slot(), [&](const Status& status) { code = status.code(); }));
  signal.emit(asio::cancellation_type::terminal);
  loop.run();
  EXPECT_EQ(code, StatusCode::cancelled);
  busy.release();
  EXPECT_FALSE(store->exists("k").value());
}

TEST_F(AsyncTest, ACancelledBatchAnswersForEachOfItsKeys) {
  test::BusyWorker busy(*workers);
  AsyncKvStore kv = async(loop.get_executor());
  asio::cancellation_signal signal;
  std::size_t cancelled = 0;
  kv.batch_get({"a", "b", "c"}, asio::bind_cancellation_slot(signal.slot(), [&](const std::vector<GetResult>& results) {
                 for (const GetResult& each : results) cancelled += each.status().code() == StatusCode::cancelled;
               }));
  signal.emit(asio::cancellation_type::terminal);
  loop.run();
  EXPECT_EQ(cancelled, 3u);
  busy.release();
}

TEST_F(AsyncTest, AnyOtherCallCanBeMadeToo) {
  asio::thread_pool threads(1);
  AsyncKvStore kv = async(threads.get_executor());
  ASSERT_TRUE(kv.set("k", Value::copy_of(as_bytes("v")), {}, asio::use_future).get().ok());
  const auto inspect = [](KvStore& kv_store) { return dynamic_cast<CompressedKvStore&>(kv_store).inspect("k"); };
  const auto info = kv.call<Result<std::optional<FrameInfo>>>(inspect, asio::use_future).get();
  EXPECT_EQ((*info)->decoded_bytes, 1u);
}

TEST_F(AsyncTest, CancellingWhatIsDoneDoesNothing) {
  AsyncKvStore kv = async(loop.get_executor());
  asio::cancellation_signal signal;
  int calls = 0;
  kv.exists("k", asio::bind_cancellation_slot(signal.slot(), [&](const Result<bool>& found) {
              EXPECT_FALSE(found.value());
              ++calls;
            }));
  loop.run();
  signal.emit(asio::cancellation_type::terminal);
  loop.restart();
  loop.run();
  EXPECT_EQ(calls, 1);
}

TEST_F(AsyncTest, TheStoreLivesAsLongAsItsOperations) {
  asio::thread_pool threads(1);
  std::optional<AsyncKvStore> kv(async(threads.get_executor()));
  std::future<Status> set = kv->set("k", Value::copy_of(as_bytes("v")), {}, asio::use_future);
  kv.reset();
  store.reset();
  EXPECT_TRUE(set.get().ok());
}

/// Sanitizers see what a worker would still do with the context, or with the last of a strand in it.
TEST_F(AsyncTest, AContextMayGoOnceItHasNoMoreWork) {
  int calls = 0;
  constexpr int rounds = 5000;
  for (int i = 0; i < rounds; ++i) {
    asio::io_context loop;
    AsyncKvStore kv = async(loop.get_executor());
    kv.exists("k", asio::bind_executor(asio::make_strand(loop), [&](const Result<bool>&) { ++calls; }));
    kv.exists("k", [&](const Result<bool>&) { ++calls; });
    loop.run();
  }
  EXPECT_EQ(calls, 2 * rounds);
}

}  // namespace
}  // namespace cinch
