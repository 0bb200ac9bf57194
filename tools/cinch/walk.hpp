/// Visits values one after the other for commands that go through a whole store.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cinch/compressed_kv_store.hpp"

namespace cinch::tool {

struct WalkOptions {
  std::string what;  ///< For the progress line, such as "verify".
  std::string prefix;
  std::optional<std::string> from;     ///< Begin at this key.
  std::uint64_t bytes_per_second = 0;  ///< At most; 0: as fast as it goes.
  bool quiet = false;
};

/// Works on one key and answers how many stored bytes that took.
using Visit = std::function<Result<std::uint64_t>(const std::string& key)>;

/// Ends early when `visit` fails, with its error, or when the user interrupts, with success. Answers the key that would
/// have come next when it was interrupted.
Result<std::optional<std::string>> walk(KvStore& store, const WalkOptions& options, const Visit& visit);

}  // namespace cinch::tool
