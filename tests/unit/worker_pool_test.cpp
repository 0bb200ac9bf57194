#include "cinch/worker_pool.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <thread>
#include <vector>

namespace cinch {
namespace {

TEST(WorkerPoolTest, EveryPartIsRunOnce) {
  WorkerPool pool(4);
  for (const std::size_t count : {0u, 1u, 2u, 3u, 1000u}) {
    std::vector<std::atomic<int>> runs(count);
    pool.run(count, [&](std::size_t i) { ++runs[i]; });
    for (const std::atomic<int>& each : runs) EXPECT_EQ(each, 1);
  }
}

TEST(WorkerPoolTest, OneThreadIsTheCallersAlone) {
  WorkerPool pool(1);
  std::set<std::thread::id> threads;
  pool.run(100, [&](std::size_t) { threads.insert(std::this_thread::get_id()); });
  EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
}

TEST(WorkerPoolTest, SeveralThreadsWorkAtOnce) {
  WorkerPool pool(3);
  std::latch all(3);
  pool.run(3, [&](std::size_t) { all.arrive_and_wait(); });  // ends only when three are in it together
}

TEST(WorkerPoolTest, ZeroIsWhatTheMachineRuns) { EXPECT_GE(WorkerPool(0).threads(), 1u); }

TEST(WorkerPoolTest, PartsMayRunPartsOfTheirOwn) {
  WorkerPool pool(3);
  std::atomic<int> runs{0};
  pool.run(8, [&](std::size_t) { pool.run(8, [&](std::size_t) { ++runs; }); });
  EXPECT_EQ(runs, 64);
}

TEST(WorkerPoolTest, TasksGetTheirTurnBesidesJobsWithoutEnd) {
  WorkerPool pool(2);
  std::atomic<bool> is_run = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      while (!is_run && std::chrono::steady_clock::now() < deadline) {
        pool.run(4, [](std::size_t) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); });
      }
      EXPECT_TRUE(is_run);  // while the others still have jobs
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  pool.submit([&] { is_run = true; });
  for (std::thread& caller : callers) caller.join();
}

TEST(WorkerPoolTest, ManyCallersShareIt) {
  WorkerPool pool(3);
  std::atomic<int> runs{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 6; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) pool.run(5, [&](std::size_t) { ++runs; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(runs, 6 * 200 * 5);
}

TEST(WorkerPoolTest, WhatAPartThrowsIsThrownWhenAllHaveReturned) {
  WorkerPool pool(2);
  std::atomic<int> runs{0};
  EXPECT_THROW(pool.run(50,
                        [&](std::size_t i) {
                          ++runs;
                          if (i == 7) throw std::bad_alloc();
                        }),
               std::bad_alloc);
  EXPECT_EQ(runs, 50);
}

TEST(WorkerPoolTest, AStuckCallHoldsUpNobodyElse) {
  WorkerPool pool(2);
  std::latch stuck(2);
  std::latch done(1);
  std::thread caller([&] {
    pool.run(2, [&](std::size_t) {
      stuck.count_down();
      done.wait();
    });
  });
  stuck.wait();  // the caller and the one worker are in it
  std::atomic<int> runs{0};
  pool.run(10, [&](std::size_t) { ++runs; });
  EXPECT_EQ(runs, 10);
  done.count_down();
  caller.join();
}

TEST(WorkerPoolTest, TasksRunOnWorkersAndAllOfThemBeforeThePoolGoes) {
  std::atomic<int> runs{0};
  const std::thread::id caller = std::this_thread::get_id();
  for (const unsigned threads : {1u, 3u}) {
    WorkerPool pool(threads);
    for (int i = 0; i < 100; ++i) {
      pool.submit([&] { runs += std::this_thread::get_id() == caller ? 1000 : 1; });
    }
  }
  EXPECT_EQ(runs, 200);
}

TEST(WorkerPoolTest, TasksMaySubmitAndRunPartsWhileThePoolGoes) {
  std::atomic<int> runs{0};
  for (const unsigned threads : {1u, 2u, 4u}) {
    WorkerPool pool(threads);
    pool.submit([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // until the destructor waits
      pool.submit([&] { ++runs; });
      pool.run(8, [&](std::size_t) { ++runs; });
    });
  }
  EXPECT_EQ(runs, 3 * 9);
}

TEST(WorkerPoolTest, ATaskMayBeTheLastOwner) {
  std::latch done(1);
  auto pool = std::make_shared<WorkerPool>(2);
  WorkerPool& borrowed = *pool;
  borrowed.submit([owner = std::move(pool), &done]() mutable {
    owner.reset();
    done.count_down();
  });
  done.wait();
}

TEST(WorkerPoolTest, AChildOfAForkWorksAlone) {
  WorkerPool pool(3);
  std::atomic<int> runs{0};
  pool.run(10, [&](std::size_t) { ++runs; });
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    {
      int own = 0;
      pool.run(10, [&](std::size_t) { ++own; });
      bool done = false;
      pool.submit([&] { done = true; });
      if (own != 10 || !done) _exit(1);
    }
    _exit(0);
  }
  int ended = 0;
  ASSERT_EQ(waitpid(child, &ended, 0), child);
  EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
}

}  // namespace
}  // namespace cinch
