/// Codecs inside the test program: a run-length code with and without a plan, a lossy one, and liars.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>

#include "cinch/codec_registry.hpp"

namespace cinch::test {

enum class ToyKind {
  plain,                 // runs of equal bytes
  planned,               // the same after xor with the value's first byte, which is the plan
  lossy,                 // the same after clearing the low four bits
  decodes_wrong,         // one bit of each decoded block is flipped
  overruns,              // its decoder writes one byte behind the block
  underruns,             // its decoder changes the byte before every block but the first
  refuses,               // its decoder answers corruption
  encodes_wrong,         // one bit of each encoded block is flipped
  encoder_overruns,      // its encoder writes behind its buffer
  decodes_wrong_rarely,  // one byte in `rarely` of those that it decodes
  encodes_wrong_rarely,  // one byte for `rarely` of those that it encodes
  waits,                 // its decoder waits at the gate with blocks that start with '!'
};

inline constexpr std::uint64_t rarely = 1'000'000;

/// Where decoders of `ToyKind::waits` hang.
class ToyGate {
 public:
  void wait();
  void open();
  void close();
  /// Returns when so many wait.
  void until_waiting(int count);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;  // by mutex_, as below
  bool is_open_ = false;
};

ToyGate& toy_gate();

/// The codec of that kind, format "test.toy-KIND".
std::shared_ptr<const Codec> make_toy_codec(ToyKind kind);

/// A registry with `raw` and the codecs of the given kinds.
CodecRegistry make_toy_registry(std::initializer_list<ToyKind> kinds);

}  // namespace cinch::test
