#include "cinch/kv_store.hpp"

#include <algorithm>
#include <cstring>

#include "cinch/keys.hpp"
#include "cinch/store_support.hpp"

namespace cinch {

KvStore::~KvStore() = default;

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

}  // namespace cinch
