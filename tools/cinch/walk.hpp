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

/// Calls `visit` for every key that starts with `prefix`, in byte order and beginning at `from`, until it fails. Where
/// damage keeps the store from listing further keys, its error comes back and names the last one before.
Status visit_keys(KvStore& store, const std::string& prefix, const std::optional<std::string>& from,
                  const std::function<Status(const std::string& key)>& visit);

/// Works on one key and answers how many stored bytes that took.
using Visit = std::function<Result<std::uint64_t>(const std::string& key)>;

struct Walked {
  Status status;                    ///< Why it ended before the last key, but for an interrupt.
  std::optional<std::string> next;  ///< The key that would have come next when the user interrupted.
};

/// Ends early when `visit` fails, when keys cannot be listed, or when the user interrupts.
Walked walk(KvStore& store, const WalkOptions& options, const Visit& visit);

}  // namespace cinch::tool
