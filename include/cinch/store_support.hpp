/// For authors of stores: the checks that all stores make alike, and the clock of expiries.
///
/// Threads: every function from any thread. Errors: `invalid_argument`, which says what was expected. Units: bytes,
/// milliseconds.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cinch/export.hpp"
#include "cinch/kv_store.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// Refuses a key of more than `max_key_bytes`.
CINCH_API Status check_key(std::string_view key);

/// Refuses such a key, a negative time to live and, unless the store has codecs, a codec.
CINCH_API Status check_set(std::string_view key, const SetOptions& options, bool has_codecs = false);

/// Refuses a page of no keys.
CINCH_API Status check_limit(std::size_t limit);

/// Refuses a buffer of `room` bytes for a longer value of `size` bytes.
CINCH_API Status check_room(std::string_view key, std::uint64_t size, std::uint64_t room);

/// Refuses a range of `count` bytes from `offset` that goes beyond a value of `size` bytes.
CINCH_API Status check_range(std::string_view key, std::uint64_t size, std::uint64_t offset, std::uint64_t count);

/// Now, in milliseconds since the Unix epoch: the clock of `Head::expires_at_ms`.
CINCH_API std::int64_t now_ms() noexcept;

/// `Head::expires_at_ms` of a value that lives for `ttl` from now: 0, never, for a `ttl` of zero or one too long to be
/// represented.
CINCH_API std::int64_t expiry_of(std::chrono::milliseconds ttl) noexcept;

/// Whether a value with this `Head::expires_at_ms` is gone at `now`.
inline bool has_expired(std::int64_t expires_at_ms, std::int64_t now) noexcept {
  return expires_at_ms != 0 && expires_at_ms <= now;
}

}  // namespace cinch
