#include "backends/rocksdb/meta_record.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "cinch/store_support.hpp"
#include "engine/checksum.hpp"

namespace cinch {
namespace {

static_assert(std::endian::native == std::endian::little, "records are little-endian and copied as they are");

constexpr std::uint8_t record_version = 1;

/// The fixed part as it is stored; the first bytes of the value follow it. Version and checksum will keep their places
/// in later versions, so that a later record can be told from a damaged one.
struct Fixed {
  std::uint8_t version;
  std::uint8_t reserved[3];
  std::uint32_t checksum;  // of the fields before it, all that follows, and the key
  std::uint64_t stamp;
  std::int64_t expires_at_ms;
  std::uint64_t size;
  std::uint64_t last_use_ms;
};
static_assert(sizeof(Fixed) == 40 && offsetof(Fixed, stamp) == 8 && offsetof(Fixed, expires_at_ms) == 16);

std::uint32_t checksum(std::string_view key, ByteView stored) noexcept {
  std::uint32_t before = 0;
  std::memcpy(&before, stored.data(), sizeof before);
  const ByteView covered = stored.subspan(offsetof(Fixed, stamp));
  return static_cast<std::uint32_t>(seeded_checksum(covered, seeded_checksum(as_bytes(key), before)));
}

}  // namespace

std::size_t meta_first_bytes(std::uint64_t size) noexcept {
  return size < inline_value_bytes ? static_cast<std::size_t>(size) : meta_head_bytes;
}

std::string encode_meta(std::string_view key, const MetaRecord& record) {
  Fixed fixed{};
  fixed.version = record_version;
  fixed.stamp = record.stamp;
  fixed.expires_at_ms = record.expires_at_ms;
  fixed.size = record.size;
  fixed.last_use_ms = record.last_use_ms;
  std::string stored(sizeof fixed + record.first.size(), '\0');
  std::memcpy(stored.data(), &fixed, sizeof fixed);
  if (!record.first.empty()) std::memcpy(stored.data() + sizeof fixed, record.first.data(), record.first.size());
  fixed.checksum = checksum(key, as_bytes(stored));
  std::memcpy(stored.data() + offsetof(Fixed, checksum), &fixed.checksum, sizeof fixed.checksum);
  return stored;
}

Result<MetaRecord> decode_meta(std::string_view key, ByteView stored) {
  if (stored.size() < sizeof(Fixed)) {
    return Status(StatusCode::corruption, "its record has " + std::to_string(stored.size()) + " bytes, expected " +
                                              std::to_string(sizeof(Fixed)) + " or more");
  }
  Fixed fixed;
  std::memcpy(&fixed, stored.data(), sizeof fixed);
  if (fixed.checksum != checksum(key, stored)) {
    return Status(StatusCode::corruption, "its record does not match its checksum");
  }
  if (fixed.version > record_version) {
    return Status(StatusCode::incompatible, "its record has version " + std::to_string(fixed.version) +
                                                ", expected at most " + std::to_string(record_version));
  }
  MetaRecord record{fixed.stamp, fixed.expires_at_ms, fixed.size, fixed.last_use_ms, stored.subspan(sizeof fixed)};
  const bool has_reserved = std::ranges::any_of(fixed.reserved, [](std::uint8_t byte) { return byte != 0; });
  if (fixed.version != record_version || has_reserved || record.stamp == 0 || record.expires_at_ms < 0 ||
      record.first.size() != meta_first_bytes(record.size)) {
    return Status(StatusCode::corruption, "its record contradicts itself");
  }
  return record;
}

bool peek_expired(ByteView stored, std::int64_t now_ms) noexcept {
  std::int64_t expires_at_ms = 0;
  if (stored.size() < sizeof(Fixed)) return false;
  std::memcpy(&expires_at_ms, stored.data() + offsetof(Fixed, expires_at_ms), sizeof expires_at_ms);
  return has_expired(expires_at_ms, now_ms);
}

}  // namespace cinch
