/// Little-endian integers, LEB128 varints and texts, written to and read from the headers of frames.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "cinch/bytes.hpp"

namespace cinch {

static_assert(std::endian::native == std::endian::little, "frames are little-endian and copied as they are");

/// Requires: the memory has room for all that is written.
class ByteWriter {
 public:
  explicit ByteWriter(std::byte* to) noexcept : at_(to) {}

  template <class T>
  void fixed(T value) noexcept {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }

  void varint(std::uint64_t value) noexcept {
    for (; value >= 0x80; value >>= 7) *at_++ = static_cast<std::byte>(value | 0x80);
    *at_++ = static_cast<std::byte>(value);
  }

  void bytes(ByteView bytes) noexcept {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }

  /// The end of what was written.
  std::byte* at() const noexcept { return at_; }

 private:
  std::byte* at_;
};

/// Reading past the end returns zeros and makes `ok()` false: check once, after the last read.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) noexcept : rest_(bytes) {}

  template <class T>
  T fixed() noexcept {
    T value{};
    const ByteView field = bytes(sizeof value);
    if (ok_) std::memcpy(&value, field.data(), sizeof value);
    return value;
  }

  std::uint64_t varint() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = fixed<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) {
        if (shift == 63 && byte > 1) ok_ = false;  // more than 64 bits
        return value;
      }
    }
    ok_ = false;
    return 0;
  }

  ByteView bytes(std::uint64_t count) noexcept {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const ByteView out = rest_.first(count);
    rest_ = rest_.subspan(count);
    return out;
  }

  std::string_view text(std::uint64_t count) noexcept { return as_text(bytes(count)); }
  std::size_t left() const noexcept { return rest_.size(); }
  bool ok() const noexcept { return ok_; }

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace cinch
