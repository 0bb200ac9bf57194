/// Little-endian numbers out of and into the plan and the heads of blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "cinch/codec_plugin_options.hpp"

namespace cinch::tensor {

/// Takes numbers off the front of stored bytes; throws Failure(CINCH_CORRUPT) where they end.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  template <class Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::span<const std::uint8_t> take(std::uint64_t n) {
    if (n > bytes_.size()) throw plugin::Failure(CINCH_CORRUPT, "the stored bytes end too soon");
    const std::span<const std::uint8_t> taken = bytes_.first(static_cast<std::size_t>(n));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  std::span<const std::uint8_t>& rest() { return bytes_; }

 private:
  std::span<const std::uint8_t> bytes_;
};

template <class Number>
void append(std::vector<std::uint8_t>& out, Number value) {
  std::uint8_t bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}

}  // namespace cinch::tensor
