/// `Rule`: how keys that match a pattern are stored, unless a set says otherwise.
///
/// Threads, ownership: a plain value. Errors: at whoever takes rules (`check_config`, `CompressedKvStore`).
/// Units: milliseconds, bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/export.hpp"
#include "cinch/status.hpp"
#include "cinch/tensor.hpp"

namespace cinch {

/// How to read the bytes of a value that is set without a shape as a tensor.
struct TensorOfBytes {
  Dtype dtype = Dtype::u8;
  /// One may be 0: worked out from the value's length. Empty: [0, 1, head_dim] with a head_dim, else [0].
  std::vector<std::uint64_t> dims = {};
  TensorLayout layout = {};
  bool operator==(const TensorOfBytes&) const = default;
};

/// The shape of a value of `bytes` bytes. Errors: `invalid_argument` that names the bytes given and expected.
CINCH_API Result<TensorShape> shape_of(const TensorOfBytes& tensor, std::uint64_t bytes);

struct Rule {
  /// A glob on the whole key: `*` stands for any bytes, also "/" and none; `?` for one byte; `[a-z]`, `[!a-z]` for one
  /// byte of a set. A backslash makes the next character literal; `\xHH` is any byte.
  std::string match;
  std::string codec;                 ///< A spec; empty: the store's own.
  std::chrono::milliseconds ttl{0};  ///< Time to live; zero: for ever.
  /// Bytes of a block, as `CompressedOptions::block_bytes`; nothing: as there.
  std::optional<std::uint64_t> block_bytes = std::nullopt;
  /// A lossless spec, instead of `CompressedOptions::fallback`; empty: that one.
  std::string fallback = {};
  /// Completes the shapes of values that are set with one; its token axis replaces theirs.
  TensorLayout layout = {};
  /// The shape of values that are set without one and leave the codec to the rules; nothing: they are bytes.
  std::optional<TensorOfBytes> tensor = std::nullopt;
};

/// "GLOB=SPEC", split at the first "=". Errors: `invalid_argument`.
CINCH_API Result<Rule> parse_rule(std::string_view text);

}  // namespace cinch
