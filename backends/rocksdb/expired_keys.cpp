#include "backends/rocksdb/expired_keys.hpp"

#include <exception>
#include <utility>

#include "backends/rocksdb/meta_record.hpp"
#include "cinch/kv_store.hpp"
#include "cinch/store_support.hpp"

namespace cinch {
namespace {

constexpr std::size_t max_bytes = std::size_t{8} << 20;
constexpr std::size_t entry_bytes = 96;  // about the size of a node of the set

class ExpiryWatch final : public rocksdb::CompactionFilter {
 public:
  ExpiryWatch(std::shared_ptr<ExpiredKeys> keys, std::int64_t now) : keys_(std::move(keys)), now_(now) {}

  const char* Name() const override { return "cinch.expiry"; }

  Decision FilterV2(int, const rocksdb::Slice& key, ValueType type, const rocksdb::Slice& stored, std::string*,
                    std::string*) const override {
    if (type == ValueType::kValue && peek_expired(as_bytes(stored.ToStringView()), now_)) {
      keys_->note(key.ToStringView());
    }
    return Decision::kKeep;
  }

 private:
  const std::shared_ptr<ExpiredKeys> keys_;
  const std::int64_t now_;
};

class ExpiryWatchFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit ExpiryWatchFactory(std::shared_ptr<ExpiredKeys> keys) : keys_(std::move(keys)) {}

  const char* Name() const override { return "cinch.expiry"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<ExpiryWatch>(keys_, now_ms());
  }

 private:
  const std::shared_ptr<ExpiredKeys> keys_;
};

}  // namespace

void ExpiredKeys::note(std::string_view key) noexcept try {
  const std::lock_guard lock(mutex_);
  const std::size_t bytes = key.size() + entry_bytes;
  if (bytes_ + bytes > max_bytes || !keys_.emplace(key).second) return;
  bytes_ += bytes;
  has_keys_.store(true, std::memory_order_relaxed);
} catch (const std::exception&) {  // out of memory: forgotten, like a key that finds no room
}

std::vector<std::string> ExpiredKeys::take(std::size_t most) {
  std::vector<std::string> taken;
  if (!has_keys_.load(std::memory_order_relaxed)) return taken;
  const std::lock_guard lock(mutex_);
  while (!keys_.empty() && taken.size() < most) {
    taken.push_back(std::move(keys_.extract(keys_.begin()).value()));
    bytes_ -= taken.back().size() + entry_bytes;
  }
  has_keys_.store(!keys_.empty(), std::memory_order_relaxed);
  return taken;
}

std::shared_ptr<rocksdb::CompactionFilterFactory> make_expiry_watch(std::shared_ptr<ExpiredKeys> keys) {
  return std::make_shared<ExpiryWatchFactory>(std::move(keys));
}

}  // namespace cinch
