/// The plain compression libraries, called as a program without cinch would call them: what `bench` compares with.
#pragma once

#include <cstddef>
#include <memory>

#include "cinch/bytes.hpp"
#include "cinch/codec.hpp"

namespace cinch::tool {

/// One thread's: contexts are made once and used again.
class LibraryCodec {
 public:
  virtual ~LibraryCodec() = default;

  virtual std::size_t bound(std::size_t size) const = 0;

  /// The encoded length; 0: it failed.
  virtual std::size_t compress(ByteView from, MutableBytes to) = 0;

  /// The decoded length; 0: it failed.
  virtual std::size_t decompress(ByteView from, MutableBytes to) = 0;
};

/// The library behind a format with the same parameters; null where there is none.
std::unique_ptr<LibraryCodec> library_codec(const FormatId& format);

}  // namespace cinch::tool
