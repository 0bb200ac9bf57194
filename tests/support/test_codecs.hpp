/// Codecs inside the test program: a run-length code with and without a plan, a lossy one, and liars.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>

#include "cinch/codec_registry.hpp"

namespace cinch::test {

enum class ToyKind {
  plain,                 // runs of equal bytes
  planned,               // the same after xor with the value's first byte, which is the plan
  lossy,                 // the same after clearing the low four bits
  decodes_wrong,         // one bit of each decoded block is flipped
  overruns,              // its decoder writes one byte behind the block
  refuses,               // its decoder answers corruption
  encodes_wrong,         // one bit of each encoded block is flipped
  encoder_overruns,      // its encoder writes behind its buffer
  decodes_wrong_rarely,  // one byte in `rarely` of those that it decodes
  encodes_wrong_rarely,  // one byte for `rarely` of those that it encodes
};

inline constexpr std::uint64_t rarely = 1'000'000;

/// The codec of that kind, format "test.toy-KIND".
std::shared_ptr<const Codec> make_toy_codec(ToyKind kind);

/// A registry with `raw` and the codecs of the given kinds.
CodecRegistry make_toy_registry(std::initializer_list<ToyKind> kinds);

}  // namespace cinch::test
