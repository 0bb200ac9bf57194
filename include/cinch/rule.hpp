/// `Rule`: how keys that match a pattern are stored, unless a set says otherwise.
///
/// Threads, ownership: a plain value. Errors: at whoever takes rules (`check_config`, `CompressedKvStore`).
/// Units: milliseconds, bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cinch/export.hpp"
#include "cinch/status.hpp"

namespace cinch {

struct Rule {
  /// A glob on the whole key: `*` stands for any bytes, also "/" and none; `?` for one byte; `[a-z]`, `[!a-z]` for one
  /// byte of a set. A backslash makes the next character literal; `\xHH` is any byte.
  std::string match;
  std::string codec;                 ///< A spec; empty: the store's own.
  std::chrono::milliseconds ttl{0};  ///< Time to live; zero: for ever.
  /// Bytes of a block, as `CompressedOptions::block_bytes`; nothing: as there.
  std::optional<std::uint64_t> block_bytes = std::nullopt;
};

/// "GLOB=SPEC", split at the first "=". Errors: `invalid_argument`.
CINCH_API Result<Rule> parse_rule(std::string_view text);

}  // namespace cinch
