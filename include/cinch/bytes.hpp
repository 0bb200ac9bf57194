/// Views of bytes, and `ValueParts`, a value to store that lies in one piece or in several.
///
/// Threads: plain values. Ownership: none of these owns its bytes, which have to live until the call they are passed to
/// returns. Units: bytes.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cinch {

using ByteView = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline ByteView as_bytes(std::string_view text) noexcept { return std::as_bytes(std::span(text.data(), text.size())); }
inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Value;

/// What `KvStore::set` stores: the concatenation of its parts. Made from a view, or from a list of views, so that a
/// header and a payload become one value without being copied together first; or from a `Value` (value.hpp), which a
/// store may keep instead of copying it: the way to move a buffer in.
class ValueParts {
 public:
  ValueParts(ByteView whole) noexcept : whole_(whole) {}                       // NOLINT(google-explicit-constructor)
  ValueParts(const std::vector<std::byte>& whole) noexcept : whole_(whole) {}  // NOLINT(google-explicit-constructor)
  ValueParts(std::string_view text) noexcept : whole_(as_bytes(text)) {}       // NOLINT(google-explicit-constructor)
  ValueParts(const std::string& text) noexcept : whole_(as_bytes(text)) {}     // NOLINT(google-explicit-constructor)
  ValueParts(const char* text) noexcept : whole_(as_bytes(text)) {}            // NOLINT(google-explicit-constructor)

  ValueParts(const Value& value) noexcept;  // NOLINT(google-explicit-constructor)

  /// The list has to outlive this object, too.
  ValueParts(std::span<const ByteView> parts) noexcept : list_(parts), listed_(true) {}  // NOLINT

  std::span<const ByteView> parts() const noexcept { return listed_ ? list_ : std::span<const ByteView>(&whole_, 1); }

  /// The `Value` it was made from; null if it was made from something else.
  const Value* value() const noexcept { return value_; }

  std::size_t size() const noexcept {
    std::size_t total = 0;
    for (const ByteView part : parts()) total += part.size();
    return total;
  }

  /// Writes all parts, one after the other. Requires: room for `size()` bytes.
  void copy_to(std::byte* to) const noexcept {
    for (const ByteView part : parts()) {
      if (!part.empty()) std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
  }

  std::string to_string() const {
    std::string out(size(), '\0');
    copy_to(reinterpret_cast<std::byte*>(out.data()));
    return out;
  }

 private:
  ByteView whole_;
  std::span<const ByteView> list_;
  const Value* value_ = nullptr;
  bool listed_ = false;
};

}  // namespace cinch
