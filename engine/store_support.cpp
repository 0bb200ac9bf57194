#include "cinch/store_support.hpp"

#include <string>

#include "cinch/keys.hpp"

namespace cinch {

Status check_limit(std::size_t limit) {
  if (limit > 0) return {};
  return {StatusCode::invalid_argument, "scan: limit is 0, expected 1 or more"};
}

Status check_room(std::string_view key, std::uint64_t size, std::uint64_t room) {
  if (size <= room) return {};
  return {StatusCode::invalid_argument,
          describe_key(key) + ": the value has " + std::to_string(size) + " bytes, the buffer " + std::to_string(room)};
}

Status check_range(std::string_view key, std::uint64_t size, std::uint64_t offset, std::uint64_t count) {
  if (offset <= size && count <= size - offset) return {};
  return {StatusCode::invalid_argument, describe_key(key) + ": " + std::to_string(count) + " bytes from " +
                                            std::to_string(offset) + " on, the value has " + std::to_string(size)};
}

Status check_key(std::string_view key) {
  if (key.size() <= max_key_bytes) return {};
  return {StatusCode::invalid_argument,
          "key of " + std::to_string(key.size()) + " bytes, expected at most " + std::to_string(max_key_bytes)};
}

Status check_set(std::string_view key, const SetOptions& options, bool has_codecs) {
  if (Status status = check_key(key); !status.ok()) return status;
  if (options.ttl.count() < 0) {
    return {StatusCode::invalid_argument,
            "time to live of " + std::to_string(options.ttl.count()) + " ms, expected 0 (for ever) or more"};
  }
  if (!has_codecs && !options.codec.empty()) {
    return {StatusCode::invalid_argument, "codec \"" + std::string(options.codec) +
                                              "\" asked of a store without codecs; wrap it in a CompressedKvStore"};
  }
  return {};
}

std::int64_t now_ms() noexcept {
  // Wall-clock time at the first call plus monotonic time since: setting the clock back does not revive expired keys.
  using namespace std::chrono;
  static const auto wall_start = system_clock::now();
  static const auto steady_start = steady_clock::now();
  const auto now = wall_start + (steady_clock::now() - steady_start);
  return duration_cast<milliseconds>(now.time_since_epoch()).count();
}

std::int64_t expiry_of(std::chrono::milliseconds ttl) noexcept {
  std::int64_t expires = 0;
  if (ttl.count() == 0 || __builtin_add_overflow(now_ms(), ttl.count(), &expires)) return 0;
  return expires;
}

}  // namespace cinch
