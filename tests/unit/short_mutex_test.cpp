#include "backends/memory/short_mutex.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace cinch {
namespace {

TEST(ShortMutexTest, LetsOneThreadInAtATime) {
  constexpr unsigned threads = 4, rounds = 50'000;
  ShortMutex mutex;
  std::uint64_t entered = 0;  // by mutex
  const auto work = [&] {
    for (unsigned i = 0; i < rounds; ++i) {
      const std::lock_guard lock(mutex);
      ++entered;
    }
  };
  std::vector<std::thread> all;
  for (unsigned i = 0; i < threads; ++i) all.emplace_back(work);
  for (std::thread& thread : all) thread.join();
  EXPECT_EQ(entered, threads * rounds);
}

/// Longer than anybody looks again, so that all of them sleep and have to be woken, one by the other.
TEST(ShortMutexTest, WakesAllWhoSleep) {
  constexpr unsigned threads = 4, rounds = 20;
  ShortMutex mutex;
  unsigned entered = 0;  // by mutex
  const auto work = [&] {
    for (unsigned i = 0; i < rounds; ++i) {
      const std::lock_guard lock(mutex);
      ++entered;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  std::vector<std::thread> all;
  for (unsigned i = 0; i < threads; ++i) all.emplace_back(work);
  for (std::thread& thread : all) thread.join();
  EXPECT_EQ(entered, threads * rounds);
}

}  // namespace
}  // namespace cinch
