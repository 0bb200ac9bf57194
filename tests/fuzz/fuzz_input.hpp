/// The bytes of one fuzzing input, taken apart front to back; past their end come zeros.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/bytes.hpp"

namespace cinch::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const std::byte*>(data), size) {}

  template <class T>
  T number() {
    T value{};
    const ByteView field = bytes(sizeof value);
    if (!field.empty()) std::memcpy(&value, field.data(), field.size());
    return value;
  }
  std::uint8_t byte() { return number<std::uint8_t>(); }
  bool flag() { return (byte() & 1) != 0; }

  /// At most `count` bytes.
  ByteView bytes(std::size_t count) {
    const ByteView out = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(out.size());
    return out;
  }

  /// A length in one byte, and so many bytes.
  std::string_view text() { return as_text(bytes(byte())); }

  ByteView rest() { return bytes(rest_.size()); }

 private:
  ByteView rest_;
};

/// Bytes in a heap block of exactly their size, so that AddressSanitizer sees what reads beyond it.
inline std::vector<std::byte> exact(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

/// What must hold for every input; says what does not, and ends the process.
inline void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what.c_str());
  std::abort();
}

}  // namespace cinch::fuzz

/// The target. Defined once in each program.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
