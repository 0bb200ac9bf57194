/// Reading and writing the plans and block headers of tensor codecs: little-endian numbers and runs of bytes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "cinch/codec_plugin_options.hpp"

namespace cinch::stream {

static_assert(std::endian::native == std::endian::little, "numbers are stored as they are in memory");

/// Takes values off the front of stored bytes. Throws `Failure` (CORRUPT) if fewer bytes are left than are asked for.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  /// A number, or a struct of numbers without padding.
  template <class T>
  T take() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::span<const std::uint8_t> take(std::uint64_t count) {
    if (count > rest_.size()) throw plugin::Failure(CINCH_CORRUPT, "the stored bytes end too early");
    const std::span<const std::uint8_t> taken = rest_.first(static_cast<std::size_t>(count));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  std::span<const std::uint8_t> rest() const { return rest_; }

 private:
  std::span<const std::uint8_t> rest_;
};

template <class T>
void append(std::vector<std::uint8_t>& out, T value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::uint8_t bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}

}  // namespace cinch::stream
