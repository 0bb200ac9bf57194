#include "cinch/kv_store.hpp"

#include <algorithm>
#include <cstring>

namespace cinch {

KvStore::~KvStore() = default;

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

std::int64_t expiry_of(std::chrono::milliseconds ttl) noexcept {
  std::int64_t expires = 0;
  if (ttl.count() == 0 || __builtin_add_overflow(now_ms(), ttl.count(), &expires)) return 0;
  return expires;
}

std::vector<GetResult> KvStore::batch_get(std::span<const std::string_view> keys) {
  std::vector<GetResult> results;
  results.reserve(keys.size());
  for (const std::string_view key : keys) results.push_back(get(key));
  return results;
}

Status KvStore::batch_set(std::span<const SetItem> items) {
  for (const SetItem& item : items) {
    if (Status status = set(item.key, item.value, item.options); !status.ok()) return status.in(describe_key(item.key));
  }
  return {};
}

Result<std::optional<std::size_t>> KvStore::get_into(std::string_view key, MutableBytes to) {
  GetResult found = get(key);
  if (!found) return found.error();
  if (!*found) return std::optional<std::size_t>();
  const Value& value = **found;
  if (Status status = check_room(key, value.size(), to.size()); !status.ok()) return status;
  if (!value.empty()) std::memcpy(to.data(), value.data(), value.size());
  return std::optional<std::size_t>(value.size());
}

Result<bool> KvStore::get_range(std::string_view key, std::uint64_t offset, MutableBytes to) {
  const GetResult found = get(key);
  if (!found) return found.error();
  if (!*found) return false;
  if (Status status = check_range(key, (*found)->size(), offset, to.size()); !status.ok()) return status;
  if (!to.empty()) std::memcpy(to.data(), (*found)->data() + offset, to.size());
  return true;
}

Result<std::optional<Head>> KvStore::head(std::string_view key, std::size_t n) {
  GetResult found = get(key);
  if (!found) return found.error();
  if (!*found) return std::optional<Head>();
  Head head;
  head.size = (*found)->size();
  head.first = (*found)->part(0, std::min<std::size_t>(n, (*found)->size()));
  return std::optional<Head>(std::move(head));
}

Result<std::uint64_t> KvStore::remove_prefix(std::string_view prefix) {
  std::uint64_t removed = 0;
  Status status = for_each_key(*this, prefix, [&](std::string_view key) {
    Status one = remove(key);
    if (one.ok()) ++removed;
    return one;
  });
  if (!status.ok()) return status;
  return removed;
}

Result<bool> KvStore::touch(std::string_view, std::chrono::milliseconds) {
  return Status(StatusCode::unsupported, "touch: this store cannot change a time to live");
}

Result<bool> KvStore::set_if(std::string_view, std::uint64_t, const ValueParts&, const SetOptions&) {
  return Status(StatusCode::unsupported, "set_if: this store has no stamps");
}

Status KvStore::checkpoint(const std::string&) {
  return {StatusCode::unsupported, "checkpoint: this store cannot make a copy of itself"};
}

Status KvStore::close() { return flush(); }

std::int64_t now_ms() noexcept {
  // Wall-clock time at the first call, carried on by the monotonic clock: a clock set back does not revive what
  // expired.
  using namespace std::chrono;
  static const auto wall_start = system_clock::now();
  static const auto steady_start = steady_clock::now();
  const auto now = wall_start + (steady_clock::now() - steady_start);
  return duration_cast<milliseconds>(now.time_since_epoch()).count();
}

}  // namespace cinch
