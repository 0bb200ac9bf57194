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

/// A smaller value lies whole in its meta record; any other lies in `data`, and the record has only its start.
inline constexpr std::uint64_t inline_value_bytes = 4096;
inline constexpr std::size_t meta_head_bytes = 512;

struct MetaRecord {
  std::uint64_t stamp = 0;         ///< Never 0.
  std::int64_t expires_at_ms = 0;  ///< Milliseconds since the Unix epoch; 0: never.
  std::uint64_t size = 0;          ///< Of the whole value.
  std::uint64_t last_use_ms = 0;   ///< 0: not kept.
  ByteView first;                  ///< The whole value when it is inline, else its first 512 bytes. Borrowed.

  bool is_inline() const noexcept { return size < inline_value_bytes; }
  bool is_expired(std::int64_t now_ms) const noexcept { return has_expired(expires_at_ms, now_ms); }
};

/// How many bytes of a value of that size its record holds.
std::size_t meta_first_bytes(std::uint64_t size) noexcept;

std::string encode_meta(std::string_view key, const MetaRecord& record);

/// Strict. The result's `first` shows bytes of `stored`. Errors: `corruption`, also for the record of another key;
/// `incompatible` for a record of a later version.
Result<MetaRecord> decode_meta(std::string_view key, ByteView stored);

/// Whether the record's value is gone, unverified: for who looks again before acting on it. A record that is too short
/// to have an expiry has none.
bool peek_expired(ByteView stored, std::int64_t now_ms) noexcept;

}  // namespace cinch
