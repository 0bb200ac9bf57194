/// A `KvStore` that passes everything on to another one, and fails the call it is told to fail.
#pragma once

#include <functional>
#include <memory>

#include "cinch/kv_store.hpp"

namespace cinch::test {

class FaultKvStore final : public KvStore {
 public:
  explicit FaultKvStore(std::shared_ptr<KvStore> inner) : inner_(std::move(inner)) {}

  /// The `n`-th call from now (0: the next) answers `io_error`; once, or with every call after it.
  void fail_at(int n, bool for_ever = false) {
    left_ = n;
    for_ever_ = for_ever;
  }
  void heal() { left_ = -1; }

  /// What another thread may do just then.
  std::function<void()> before_set_if, after_head;

  int failures() const { return failures_; }

  GetResult get(std::string_view key) override {
    if (fails()) return fault();
    return inner_->get(key);
  }
  Status set(std::string_view key, const ValueParts& value, const SetOptions& options) override {
    return fails() ? fault() : inner_->set(key, value, options);
  }
  Status remove(std::string_view key) override { return fails() ? fault() : inner_->remove(key); }
  Result<bool> exists(std::string_view key) override {
    if (fails()) return fault();
    return inner_->exists(key);
  }
  Result<KeyPage> scan(std::string_view prefix, std::optional<std::string_view> after, std::size_t limit) override {
    if (fails()) return fault();
    return inner_->scan(prefix, after, limit);
  }
  Status flush() override { return fails() ? fault() : inner_->flush(); }
  StoreStats stats() override { return inner_->stats(); }
  Result<std::optional<Head>> head(std::string_view key, std::size_t n) override {
    if (fails()) return fault();
    Result<std::optional<Head>> head = inner_->head(key, n);
    if (after_head) after_head();
    return head;
  }
  Result<bool> touch(std::string_view key, std::chrono::milliseconds ttl) override {
    if (fails()) return fault();
    return inner_->touch(key, ttl);
  }
  Result<bool> set_if(std::string_view key, std::uint64_t stamp, const ValueParts& value,
                      const SetOptions& options) override {
    if (fails()) return fault();
    if (before_set_if) before_set_if();
    return inner_->set_if(key, stamp, value, options);
  }
  Status close() override { return fails() ? fault() : inner_->close(); }

 private:
  bool fails() {
    if (left_ < 0) return false;
    if (left_ > 0) {
      --left_;
      return false;
    }
    if (!for_ever_) left_ = -1;
    ++failures_;
    return true;
  }
  static Status fault() { return {StatusCode::io_error, "injected fault"}; }

  std::shared_ptr<KvStore> inner_;
  int left_ = -1;
  bool for_ever_ = false;
  int failures_ = 0;
};

}  // namespace cinch::test
