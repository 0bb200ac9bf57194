/// The extra bits of a group, and walking rows that repeat: shared by the kernels of all instruction sets. Everything
/// has internal linkage, so that each of them has its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "plugins/tensor/kernels.hpp"

namespace cinch::tensor {
namespace {

/// A stack of bits that is written with eight bytes at a time; `partial_` holds the bits of the byte that is not full.
class BitPusher {
 public:
  explicit BitPusher(PushStacks& stacks)
      : stacks_(stacks), count_(stacks.bit_count), partial_(count_ % 8 ? stacks.bits[count_ / 8] : 0) {}
  ~BitPusher() {
    if (count_ % 8) stacks_.bits[count_ / 8] = static_cast<std::uint8_t>(partial_);
    stacks_.bit_count = count_;
  }

  /// `half_count` bits, then `turn_count`; each at most 64.
  void push(std::uint64_t halves, unsigned half_count, std::uint64_t turns, unsigned turn_count) {
    if (half_count + turn_count <= 56) {
      push(halves | turns << half_count, half_count + turn_count);
      return;
    }
    push_long(halves, half_count);
    push_long(turns, turn_count);
  }

 private:
  void push(std::uint64_t bits, unsigned n) {  // at most 56
    const unsigned used = static_cast<unsigned>(count_ % 8);
    const std::uint64_t word = partial_ | bits << used;
    std::memcpy(stacks_.bits + count_ / 8, &word, 8);
    count_ += n;
    partial_ = word >> ((used + n) & ~7u);
  }
  void push_long(std::uint64_t bits, unsigned n) {
    if (n <= 32) {
      push(bits, n);
    } else {
      push(bits & 0xffffffffu, 32);
      push(bits >> 32, n - 32);
    }
  }

  PushStacks& stacks_;
  std::uint64_t count_;
  std::uint64_t partial_;
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
