/// Keys as text, for messages and tools.
///
/// Threads: every function from any thread.
#pragma once

#include <string>
#include <string_view>

#include "cinch/export.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// Printable ASCII as it is, a backslash as `\\`, other bytes as `\xHH`.
CINCH_API std::string escape_key(std::string_view key);

/// The inverse of `escape_key`. Errors: `invalid_argument`, which names the position of what it cannot read.
CINCH_API Result<std::string> unescape_key(std::string_view text);

/// `key "a\\x00b"`, as messages name a key; of a very long key its beginning and its length.
CINCH_API std::string describe_key(std::string_view key);

}  // namespace cinch
