#include "engine/context_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace cinch {
namespace {

struct Context {
  std::atomic<bool> is_lent{false};
  static inline std::atomic<int> open{0};

  static Context* make() {
    ++open;
    return new Context;
  }
  static void close(Context* context) {
    delete context;
    --open;
  }
};

TEST(ContextPoolTest, LendsEachContextToOneCallAtATimeAndClosesAll) {
  {
    ContextPool<Context> pool(Context::close);
    std::atomic<unsigned> lent_twice{0};
    const auto work = [&] {
      for (unsigned i = 0; i < 20000; ++i) {
        Context* const idle = pool.take();
        const Lent<Context> context(pool, idle ? idle : Context::make());
        lent_twice += context.get()->is_lent.exchange(true);
        context.get()->is_lent = false;
      }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 6; ++i) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(lent_twice, 0u);
  }
  EXPECT_EQ(Context::open, 0);
}

const std::size_t places = 2 * std::max(2u, std::thread::hardware_concurrency());

TEST(ContextPoolTest, GivesTheThreadItsOwnAgainAndAnothersRatherThanNone) {
  const std::size_t own_place = thread_number() % places;
  ContextPool<Context> pool(Context::close);
  Context* const mine = Context::make();
  Context* others = nullptr;
  while (!others) {  // the number of a thread may be that of this thread's place
    std::thread([&] {
      if (thread_number() % places == own_place) return;
      others = Context::make();
      pool.give_back(others);
    }).join();
  }
  pool.give_back(mine);
  EXPECT_EQ(pool.take(), mine);
  EXPECT_EQ(pool.take(), others);
  EXPECT_EQ(pool.take(), nullptr);
  pool.give_back(mine);
  pool.give_back(others);
}

TEST(ContextPoolTest, KeepsTwiceAsManyAsTheMachineRunsThreads) {
  {
    ContextPool<Context> pool(Context::close);
    for (std::size_t i = 0; i < places + 10; ++i) pool.give_back(Context::make());
    EXPECT_EQ(Context::open, static_cast<int>(places));
  }
  EXPECT_EQ(Context::open, 0);
}

}  // namespace
}  // namespace cinch
