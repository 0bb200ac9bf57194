/// The record that the `meta` column family keeps for each key. backends/README.md has the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cinch/bytes.hpp"
#include "cinch/kv_store.hpp"
#include "cinch/status.hpp"
#include "cinch/store_support.hpp"

namespace cinch {

/// A smaller value is stored whole in its meta record; any other in `data`, and the record has only its start.
inline constexpr std::uint64_t inline_value_bytes = 4096;
inline constexpr std::size_t meta_head_bytes = 512;

/// A value in `data` ends with the stamp of its record, so that a reader notices a pair from two different sets.
inline constexpr std::size_t data_trailer_bytes = sizeof(std::uint64_t);

struct MetaRecord {
  std::uint64_t stamp = 0;         ///< Never 0.
  std::int64_t expires_at_ms = 0;  ///< Milliseconds since the Unix epoch; 0: never.
  std::uint64_t size = 0;          ///< Length of the whole value.
  std::uint64_t last_use_ms = 0;   ///< 0: not kept.
  ByteView first;                  ///< The whole value when it is inline, else its first 512 bytes. Borrowed.

  bool is_inline() const noexcept { return size < inline_value_bytes; }
  bool is_expired(std::int64_t now_ms) const noexcept { return has_expired(expires_at_ms, now_ms); }
};

/// How many bytes the record holds of a value of that size.
std::size_t meta_first_bytes(std::uint64_t size) noexcept;

std::string encode_meta(std::string_view key, const MetaRecord& record);

/// Strict. The result's `first` borrows from `stored`. Errors: `corruption`, also for the record of another key;
/// `incompatible` for a record of a later version.
Result<MetaRecord> decode_meta(std::string_view key, ByteView stored);

/// Whether the record has expired, without verifying it: only for callers that read it again before they act on that.
/// False for a record that is too short to have an expiry.
bool peek_expired(ByteView stored, std::int64_t now_ms) noexcept;

}  // namespace cinch
