/// The extra bits of a group, and walking rows that repeat: shared by the kernels of all instruction sets. Everything
/// has internal linkage, so that each of them has its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "plugins/tensor/kernels.hpp"

namespace cinch::tensor {
namespace {

/// A stack of bits, written with eight bytes at a time and without a branch: groups differ in how many they push.
class BitPusher {
 public:
  explicit BitPusher(PushStacks& stacks)
      : stacks_(stacks), to_(stacks.bits + stacks.bit_count / 64 * 8), used_(stacks.bit_count % 64) {
    std::memcpy(&held_, to_, 8);
    held_ &= (std::uint64_t{1} << used_) - 1;
  }
  ~BitPusher() {
    std::memcpy(to_, &held_, 8);
    stacks_.bit_count = static_cast<std::uint64_t>(to_ - stacks_.bits) * 8 + used_;
  }

  /// At most 64; those of `bits` beyond them are 0.
  void push(std::uint64_t bits, unsigned count) {
    const std::uint64_t word = held_ | bits << used_;
    const std::uint64_t rest = bits >> 1 >> (63 - used_);
    std::memcpy(to_, &word, 8);
    const unsigned used = used_ + count;
    const std::uint64_t is_full = -static_cast<std::uint64_t>(used / 64);  // a choice would be compiled to a branch
    held_ = (rest & is_full) | (word & ~is_full);
    to_ += used / 64 * 8;
    used_ = used % 64;
  }

 private:
  PushStacks& stacks_;
  std::uint8_t* to_;
  std::uint64_t held_ = 0;  ///< The last bits, fewer than 64.
  unsigned used_;
};

/// Bits `at` to `at + 64`; those beyond what was asked for are whatever follows.
inline std::uint64_t bits_at(const std::uint8_t* bits, std::uint64_t at) {
  std::uint64_t word;
  std::memcpy(&word, bits + at / 8, 8);
  const unsigned used = static_cast<unsigned>(at % 8);
  return word >> used | static_cast<std::uint64_t>(bits[at / 8 + 8]) << 1 << (63 - used);
}

/// Where a pair of groups starts in rows that repeat.
class Walk {
 public:
  Walk(std::size_t period, std::size_t phase, std::size_t element) : period_(period), at_((phase + element) % period) {}
  std::size_t at() const { return at_; }
  void forward() {
    at_ += pair;
    if (at_ >= period_) at_ -= period_;
  }
  void back() {
    if (at_ < pair) at_ += period_;
    at_ -= pair;
  }

 private:
  std::size_t period_;
  std::size_t at_;
};

}  // namespace
}  // namespace cinch::tensor
