// Stores under load: codecs that hang, closing while blocks are worked on, cancelling while calls start.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "cinch/async.hpp"
#include "cinch/backend_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "tests/support/store_counter.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_codecs.hpp"
#include "tests/support/turning_keys.hpp"

namespace cinch {
namespace {

namespace asio = boost::asio;
using test::ToyKind;

constexpr std::size_t block_bytes = 16 << 10;

CompressedOptions in_small_blocks(unsigned threads) {
  CompressedOptions options;
  options.block_bytes = block_bytes;
  options.workers = std::make_shared<WorkerPool>(threads);
  return options;
}

std::shared_ptr<CompressedKvStore> compressed(const std::string& backend, const Settings& settings) {
  return std::make_shared<CompressedKvStore>(*bundled_backends().open(backend, settings),
                                             *default_registry().codec("lz4"), in_small_blocks(3));
}

TEST(LoadTest, ACodecThatHangsHoldsUpItsOwnCallAlone) {
  CompressedKvStore store(*bundled_backends().open("memory", {}), test::make_toy_codec(ToyKind::waits),
                          in_small_blocks(2), test::make_toy_registry({ToyKind::waits}));
  const std::string hangs(2 * block_bytes, '!');
  const std::string runs(8 * block_bytes, 'r');
  test::toy_gate().close();
  ASSERT_TRUE(store.set("hangs", hangs).ok());
  ASSERT_TRUE(store.set("runs", runs).ok());
  std::thread caller([&] { EXPECT_EQ((*store.get("hangs"))->text(), hangs); });
  test::toy_gate().until_waiting(2);  // the caller and the one worker hang
  EXPECT_EQ((*store.get("runs"))->text(), runs);
  EXPECT_TRUE(store.set("runs", runs).ok());
  EXPECT_TRUE(store.set("hangs", runs).ok());  // another value of the same key, too
  const std::vector<std::string_view> keys(4, "runs");
  for (const GetResult& value : store.batch_get(keys)) EXPECT_EQ((*value)->text(), runs);
  std::byte part[10];
  EXPECT_TRUE(store.get_range("runs", block_bytes - 5, part).value());
  EXPECT_TRUE(store.close().ok());
  test::toy_gate().open();
  caller.join();
}

/// `count` values of so many bytes, of which toy codecs make half as many; their decoder is to wait at the gate.
void expect_workers_in_a_batch(std::size_t count, std::size_t value_bytes) {
  CompressedOptions options;
  options.block_bytes = 0;
  options.workers = std::make_shared<WorkerPool>(3);
  CompressedKvStore store(*bundled_backends().open("memory", {}), test::make_toy_codec(ToyKind::waits), options,
                          test::make_toy_registry({ToyKind::waits}));
  std::string value(value_bytes, '!');
  for (std::size_t i = 4; i < value.size(); ++i) value[i] = static_cast<char>('a' + i / 4 % 2);
  std::vector<std::string> names{"absent"};
  for (std::size_t i = 0; i < count; ++i) {
    names.push_back(std::to_string(i));
    ASSERT_TRUE(store.set(names.back(), value).ok());
  }
  test::toy_gate().close();
  const std::vector<std::string_view> keys(names.begin(), names.end());
  std::vector<GetResult> results;
  std::thread caller([&] { results = store.batch_get(keys); });
  test::toy_gate().until_waiting(3);
  test::toy_gate().open();
  caller.join();
  ASSERT_EQ(results.size(), keys.size());
  EXPECT_FALSE(results[0].value());
  for (std::size_t i = 1; i < results.size(); ++i) EXPECT_EQ(results[i].value().value().text(), value);
}

TEST(LoadTest, WorkersDecodeTheLargeValuesOfABatch) { expect_workers_in_a_batch(5, 200 << 10); }
TEST(LoadTest, WorkersDecodeTheManyValuesOfABatch) { expect_workers_in_a_batch(100, 4 << 10); }

TEST(LoadTest, NothingIsLeftUncountedWithMoreThreadsThanCountersOfTheirOwn) {
  const std::shared_ptr<CompressedKvStore> store = compressed("memory", {});
  constexpr std::uint64_t threads = 48, calls = 200;
  std::vector<std::thread> all;
  for (std::uint64_t i = 0; i < threads; ++i) {
    all.emplace_back([&, key = std::to_string(i)] {
      for (std::uint64_t call = 0; call < calls; ++call) EXPECT_TRUE(store->set(key, "value").ok());
    });
  }
  for (std::thread& thread : all) thread.join();
  EXPECT_EQ(test::counter(*store, "values_set"), threads * calls);
  EXPECT_EQ(test::counter(*store, "bytes_set"), threads * calls * std::string_view("value").size());
}

/// What the plan of a tensor holds is made when a thread first asks for it, or before, and is shared by all.
TEST(LoadTest, ThreadsShareThePlansOfTensors) {
  constexpr std::uint64_t tokens = 512, heads = 2, token_bytes = heads * 64 * 2;
  const std::string turning = test::turning_keys(tokens, heads);
  std::string repeated;  // rows
  while (repeated.size() < turning.size()) repeated += turning.substr(0, 16 * token_bytes);
  SetOptions options;
  options.tensor = make_tensor(Dtype::bf16, std::vector<std::uint64_t>{tokens, heads, 64}).value();
  for (const char* spec : {"tensor", "quant", "quant:target=4"}) {
    SCOPED_TRACE(spec);
    CompressedKvStore store(*bundled_backends().open("memory", {}), *default_registry().codec(spec),
                            in_small_blocks(3));
    ASSERT_TRUE(store.set("turning", turning, options).ok());
    ASSERT_TRUE(store.set("repeated", repeated, options).ok());
    EXPECT_NE((*store.inspect("turning"))->annotation.find("rope=halves"), std::string::npos);
    const std::vector<std::string_view> keys{"turning", "repeated"};
    const std::string kept[] = {std::string((*store.get(keys[0]))->text()), std::string((*store.get(keys[1]))->text())};
    const std::string* const set[] = {&turning, &repeated};
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        std::string part(300 * token_bytes, '\0');
        for (unsigned i = 0; i < 6; ++i) {
          const std::size_t which = i % 2;
          if (!store.set(keys[which], *set[which], options).ok()) ++wrong;
          const GetResult whole = store.get(keys[which]);
          if (!whole || !*whole || (*whole)->text() != kept[which]) ++wrong;
          const MutableBytes room = std::as_writable_bytes(std::span(part));
          if (!store.get_tokens(keys[which], 100, 300, room).value_or(false)) ++wrong;
          if (part != kept[which].substr(100 * token_bytes, part.size())) ++wrong;
          const std::vector<GetResult> both = store.batch_get(keys);
          for (std::size_t each = 0; each < 2; ++each) {
            if (!both[each] || !*both[each] || (*both[each])->text() != kept[each]) ++wrong;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
  }
}

/// Threads and asynchronous calls work on large values while the store is closed.
void close_under_load(const std::shared_ptr<CompressedKvStore>& store) {
  const std::string value(20 * block_bytes, 'v');
  asio::io_context loop;
  AsyncKvStore async(store, loop.get_executor(), std::make_shared<WorkerPool>(2));
  std::atomic<int> wrong = 0;
  std::atomic<int> worked = 0;
  const auto judge = [&](const Status& status) {
    if (!status.ok() && status.code() != StatusCode::closed) ++wrong;
    if (status.ok()) ++worked;
  };
  const auto judge_value = [&](const GetResult& got) {
    judge(got.status());
    if (got && *got && (*got)->text() != value) ++wrong;
  };
  ASSERT_TRUE(store->set("k0", value).ok());
  const Value kept = **store->get("k0");
  for (int i = 0; i < 20; ++i) {
    async.set("k1", Value::copy_of(as_bytes(value)), {}, judge);
    async.get("k" + std::to_string(i % 2), judge_value);
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      const std::string key = "k" + std::to_string(t % 2);
      for (int i = 0; i < 15; ++i) {
        judge(store->set(key, value));
        judge_value(store->get(key));
        const std::vector<std::string_view> keys{"k0", "k1"};
        for (const GetResult& got : store->batch_get(keys)) judge_value(got);
      }
    });
  }
  while (worked < 10) std::this_thread::yield();
  EXPECT_TRUE(store->close().ok());
  for (std::thread& thread : threads) thread.join();
  loop.run();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(store->get("k0").status().code(), StatusCode::closed);
  EXPECT_EQ(kept.text(), value);
}

TEST(LoadTest, MemoryMayBeClosedWhileBlocksAreWorkedOn) { close_under_load(compressed("memory", {})); }

TEST(LoadTest, RocksDbMayBeClosedWhileBlocksAreWorkedOn) {
  const BackendRegistry backends = bundled_backends();
  if (std::ranges::count(backends.names(), "rocksdb") == 0) GTEST_SKIP() << "built without RocksDB";
  const test::TempDir directory;
  close_under_load(compressed("rocksdb", {{"path", directory.file("db")}}));
}

TEST(LoadTest, CancellingWhileCallsStartCompletesEachOnce) {
  constexpr int count = 300;
  const auto store = compressed("memory", {});
  asio::io_context loop;
  AsyncKvStore async(store, loop.get_executor(), std::make_shared<WorkerPool>(3));
  std::vector<asio::cancellation_signal> signals(count);
  std::vector<int> completed(count, 0);
  int done = 0;
  int cancelled = 0;
  for (std::size_t i = 0; i < count; ++i) {
    async.set("k" + std::to_string(i), Value::own(std::string(100, 'v')), {},
              asio::bind_cancellation_slot(signals[i].slot(), [&, i](const Status& status) {
                ++completed[i];
                status.ok() ? ++done : ++cancelled;
                EXPECT_TRUE(status.ok() || status.code() == StatusCode::cancelled) << status.to_string();
              }));
    if (i % 2 == 1) signals[i - 1].emit(asio::cancellation_type::terminal);
  }
  loop.run();
  for (const int each : completed) EXPECT_EQ(each, 1);
  EXPECT_EQ(done + cancelled, count);
  EXPECT_EQ(store->stats().values, static_cast<std::uint64_t>(done));  // what was cancelled was not set
}

}  // namespace
}  // namespace cinch
