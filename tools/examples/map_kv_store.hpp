/// A key-value store of your own: the seven functions that cinch asks for, over a `std::map`.
#pragma once

#include <cinch/kv_store.hpp>
#include <cinch/store_support.hpp>
#include <map>
#include <mutex>
#include <string>

class MapKvStore final : public cinch::KvStore {
 public:
  cinch::GetResult get(std::string_view key) override {
    if (cinch::Status status = cinch::check_key(key); !status.ok()) return status;
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(key);
    if (entry == entries_.end() || is_expired(entry->second)) return std::nullopt;
    return entry->second.value;  // a handle on the same bytes, which outlive the entry
  }

  cinch::Status set(std::string_view key, const cinch::ValueParts& value, const cinch::SetOptions& options) override {
    if (cinch::Status status = cinch::check_set(key, options); !status.ok()) return status;
    std::vector<std::byte> bytes(value.size());
    value.copy_to(bytes.data());
    Entry entry{cinch::Value::own(std::move(bytes)), cinch::expiry_of(options.ttl)};
    const std::lock_guard lock(mutex_);
    entries_.insert_or_assign(std::string(key), std::move(entry));
    return {};
  }

  cinch::Status remove(std::string_view key) override {
    if (cinch::Status status = cinch::check_key(key); !status.ok()) return status;
    const std::lock_guard lock(mutex_);
    if (const auto entry = entries_.find(key); entry != entries_.end()) entries_.erase(entry);
    return {};
  }

  cinch::Result<bool> exists(std::string_view key) override {
    const cinch::GetResult value = get(key);
    if (!value) return value.error();
    return value->has_value();
  }

  cinch::Result<cinch::KeyPage> scan(std::string_view prefix, std::optional<std::string_view> after,
                                     std::size_t limit) override {
    if (cinch::Status status = cinch::check_limit(limit); !status.ok()) return status;
    const std::lock_guard lock(mutex_);
    cinch::KeyPage page;
    auto entry = after && *after >= prefix ? entries_.upper_bound(*after) : entries_.lower_bound(prefix);
    for (; entry != entries_.end() && entry->first.starts_with(prefix); ++entry) {
      if (is_expired(entry->second)) continue;
      if (page.keys.size() == limit) {
        page.more = true;
        break;
      }
      page.keys.push_back(entry->first);
    }
    return page;
  }

  cinch::Status flush() override { return {}; }

  cinch::StoreStats stats() override {
    const std::lock_guard lock(mutex_);
    cinch::StoreStats stats;
    for (const auto& [key, entry] : entries_) {
      if (is_expired(entry)) continue;
      ++stats.values;
      stats.stored_bytes += key.size() + entry.value.size();
    }
    return stats;
  }

 private:
  struct Entry {
    cinch::Value value;
    std::int64_t expires_at_ms;
  };

  static bool is_expired(const Entry& entry) { return cinch::has_expired(entry.expires_at_ms, cinch::now_ms()); }

  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};
