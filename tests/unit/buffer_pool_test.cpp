#include "cinch/buffer_pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace cinch {
namespace {

TEST(BufferPoolTest, ABufferGivenBackIsTheNextOneOfItsSize) {
  void* const first = take_buffer(300000);
  give_buffer_back(first, 300000);
  void* const second = take_buffer(300000);
  EXPECT_EQ(second, first);
  give_buffer_back(second, 300000);
}

TEST(BufferPoolTest, EverySizeIsWritableAndAligned) {
  for (std::size_t size = 1; size < std::size_t{300} << 20; size = size * 2 + 13) {
    void* const memory = take_buffer(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % 64, 0u);
    static_cast<char*>(memory)[0] = 1;
    static_cast<char*>(memory)[size - 1] = 1;
    give_buffer_back(memory, size);
  }
}

TEST(BufferPoolTest, BuffersOfTheSameClassAreLongEnoughForEachOther) {
  for (std::size_t size = 16 << 10; size < 1 << 20; size += 777) {  // whatever length asked first, all of it is there
    void* const memory = take_buffer(size);
    std::memset(memory, 0xab, size);
    give_buffer_back(memory, size);
    void* const longer = take_buffer(size + 700);
    std::memset(longer, 0xcd, size + 700);
    give_buffer_back(longer, size + 700);
  }
}

TEST(BufferPoolTest, NoMoreThanTheBoundLiesIdle) {
  constexpr std::size_t size = std::size_t{5} << 20;
  std::vector<void*> all;
  for (int i = 0; i < 80; ++i) all.push_back(take_buffer(size));
  for (void* const memory : all) give_buffer_back(memory, size);
  EXPECT_LE(pooled_bytes(), max_pooled_bytes);
  EXPECT_GT(pooled_bytes(), max_pooled_bytes / 2);
}

TEST(BufferPoolTest, WhatLiesIdleMakesRoomForWhatComesBack) {
  constexpr std::size_t small = std::size_t{3} << 20, large = std::size_t{256} << 20;
  std::vector<void*> all;
  for (int i = 0; i < 100; ++i) all.push_back(take_buffer(small));
  for (void* const memory : all) give_buffer_back(memory, small);
  void* const memory = take_buffer(large);
  give_buffer_back(memory, large);
  EXPECT_GE(pooled_bytes(), large);
  EXPECT_LE(pooled_bytes(), max_pooled_bytes);
  void* const again = take_buffer(large);
  EXPECT_EQ(again, memory);
  give_buffer_back(again, large);
}

TEST(BufferPoolTest, AHostMayLimitWhatLiesIdle) {
  constexpr std::size_t small = std::size_t{1} << 20, large = std::size_t{8} << 20;
  std::vector<void*> all;
  for (int i = 0; i < 16; ++i) all.push_back(take_buffer(small));
  for (void* const memory : all) give_buffer_back(memory, small);
  EXPECT_GE(pooled_bytes(), 16 * small);
  limit_pooled(2 * small);
  EXPECT_LE(pooled_bytes(), 2 * small);
  const std::uint64_t before = pooled_bytes();
  give_buffer_back(take_buffer(large), large);
  EXPECT_EQ(pooled_bytes(), before);
  limit_pooled(0);
  give_buffer_back(take_buffer(small), small);
  EXPECT_EQ(pooled_bytes(), 0u);
  limit_pooled(max_pooled_bytes);
  give_buffer_back(take_buffer(small), small);
  EXPECT_GE(pooled_bytes(), small);
}

TEST(BufferPoolTest, ThreadsShareIt) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (std::size_t i = 0; i < 2000; ++i) {
        const std::size_t size = 20000 + (i * 7919 + static_cast<std::size_t>(t) * 104729) % 500000;
        auto* const memory = static_cast<unsigned char*>(take_buffer(size));
        memory[0] = memory[size - 1] = static_cast<unsigned char>(t);
        ASSERT_EQ(memory[0], static_cast<unsigned char>(t));
        give_buffer_back(memory, size);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(pooled_bytes(), max_pooled_bytes);
}

TEST(SmallMemoryTest, APieceGivenBackIsTheNextOneOfItsLength) {
  void* const first = take_small(1200);
  give_small_back(first, 1200);
  void* const second = take_small(1200);
  EXPECT_EQ(second, first);
  give_small_back(second, 1200);
}

TEST(SmallMemoryTest, EveryLengthIsWritableToItsEnd) {
  for (std::size_t size = 0; size < 2 * max_small_bytes; ++size) {
    for (int turn = 0; turn < 2; ++turn) {  // the second is a piece that was kept
      void* const memory = take_small(size);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0u);
      std::memset(memory, 0xab, size);
      give_small_back(memory, size);
    }
  }
}

TEST(SmallMemoryTest, PiecesGoFromThreadToThread) {
  std::vector<void*> pieces;
  for (int i = 0; i < 1000; ++i) pieces.push_back(take_small(300));
  std::thread([&] {
    for (void* const piece : pieces) give_small_back(piece, 300);
    for (void*& piece : pieces) {
      piece = take_small(300);
      std::memset(piece, 0xcd, 300);
    }
  }).join();
  EXPECT_EQ(std::set<void*>(pieces.begin(), pieces.end()).size(), pieces.size()) << "one piece, lent twice";
  for (void* const piece : pieces) give_small_back(piece, 300);
}

}  // namespace
}  // namespace cinch
