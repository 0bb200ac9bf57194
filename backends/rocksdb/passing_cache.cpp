#include "backends/rocksdb/passing_cache.hpp"

namespace cinch {
namespace {

class PassingCache final : public rocksdb::Cache {
 public:
  explicit PassingCache(const std::shared_ptr<rocksdb::Cache>& kept)
      : Cache(std::shared_ptr<rocksdb::MemoryAllocator>(kept, kept->memory_allocator())), kept_(kept) {}

  const char* Name() const override { return "cinch.passing"; }

  rocksdb::Status Insert(const rocksdb::Slice& key, void* value, std::size_t charge, DeleterFn deleter, Handle** handle,
                         Priority priority) override {
    if (priority == Priority::HIGH) return kept_->Insert(key, value, charge, deleter, handle, priority);
    if (handle) return kept_->Insert(key, value, lent, deleter, handle, priority);
    deleter(key, value);
    return rocksdb::Status::OK();
  }

  bool Release(Handle* handle, bool erase_if_last_ref) override {
    return kept_->Release(handle, erase_if_last_ref || kept_->GetCharge(handle) == lent);
  }

  Handle* Lookup(const rocksdb::Slice& key, rocksdb::Statistics* stats) override { return kept_->Lookup(key, stats); }
  bool Ref(Handle* handle) override { return kept_->Ref(handle); }
  void* Value(Handle* handle) override { return kept_->Value(handle); }
  void Erase(const rocksdb::Slice& key) override { kept_->Erase(key); }
  std::uint64_t NewId() override { return kept_->NewId(); }
  void SetCapacity(std::size_t capacity) override { kept_->SetCapacity(capacity); }
  void SetStrictCapacityLimit(bool strict) override { kept_->SetStrictCapacityLimit(strict); }
  bool HasStrictCapacityLimit() const override { return kept_->HasStrictCapacityLimit(); }
  std::size_t GetCapacity() const override { return kept_->GetCapacity(); }
  std::size_t GetUsage() const override { return kept_->GetUsage(); }
  std::size_t GetUsage(Handle* handle) const override { return kept_->GetUsage(handle); }
  std::size_t GetPinnedUsage() const override { return kept_->GetPinnedUsage(); }
  std::size_t GetCharge(Handle* handle) const override { return kept_->GetCharge(handle); }
  DeleterFn GetDeleter(Handle* handle) const override { return kept_->GetDeleter(handle); }
  void ApplyToAllEntries(const std::function<void(const rocksdb::Slice&, void*, std::size_t, DeleterFn)>& callback,
                         const ApplyToAllEntriesOptions& options) override {
    kept_->ApplyToAllEntries(callback, options);
  }
  void EraseUnRefEntries() override { kept_->EraseUnRefEntries(); }

 private:
  static constexpr std::size_t lent = 0;  // the charge of entries that are not kept

  const std::shared_ptr<rocksdb::Cache> kept_;
};

}  // namespace

std::shared_ptr<rocksdb::Cache> make_passing_cache(const std::shared_ptr<rocksdb::Cache>& kept) {
  return std::make_shared<PassingCache>(kept);
}

}  // namespace cinch
