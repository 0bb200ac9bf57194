/// A plain codec library on a value cut into blocks as the engine cuts it, with buffers that are there already.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "cinch/bytes.hpp"
#include "tools/cinch/bench_library.hpp"

namespace cinch::bench {

/// The library behind a bundled byte codec; throws `std::invalid_argument` where there is none.
std::unique_ptr<tool::LibraryCodec> make_library(const std::string& spec);

/// How long the engine makes the codec's blocks.
std::size_t block_bytes_of(const std::string& spec);

class BlockedValue {
 public:
  /// Requires: `library` and `value` outlive this object.
  BlockedValue(tool::LibraryCodec& library, ByteView value, std::size_t block_bytes);

  /// Both throw std::runtime_error where the library fails.
  void encode();
  void decode();

  /// Whether decoding what was encoded gives the value.
  bool is_right();
  std::size_t encoded_bytes() const noexcept;

 private:
  ByteView block(std::size_t index) const noexcept;

  tool::LibraryCodec& library_;
  ByteView value_;
  std::size_t block_bytes_;
  std::vector<std::vector<std::byte>> encoded_;
  std::vector<std::size_t> lengths_;
  std::vector<std::byte> decoded_;
};

}  // namespace cinch::bench
