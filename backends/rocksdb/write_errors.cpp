#include "backends/rocksdb/write_errors.hpp"

#include <atomic>
#include <exception>
#include <mutex>
#include <utility>

#include "backends/rocksdb/rocksdb_status.hpp"

namespace cinch {

class WriteErrors::Listener final : public rocksdb::EventListener {
 public:
  explicit Listener(std::string path) : path_(std::move(path)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) override {
    if (is_soft(*error)) return;  // RocksDB has logged it and retries the work later
    const std::lock_guard lock(mutex_);
    if (has_occurred_) return;
    first_ = *error;
    has_occurred_ = true;
    try {
      log_database(LogLevel::error, path_, "writes fail until this is over: " + first_.ToString());
    } catch (const std::exception&) {  // out of memory: the failing calls still report the error
    }
  }

  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error, bool* auto_recovery) override {
    *auto_recovery = is_soft(error);
  }

  Status first() const {
    if (!has_occurred_) return {};
    const std::lock_guard lock(mutex_);
    return from_rocksdb(first_, describe_database(path_) + ": writes are stopped");
  }

 private:
  /// An error that does not stop writes, such as one of a compaction.
  static bool is_soft(const rocksdb::Status& error) noexcept {
    return error.severity() == rocksdb::Status::Severity::kSoftError;
  }

  const std::string path_;
  std::atomic<bool> has_occurred_{false};
  mutable std::mutex mutex_;
  rocksdb::Status first_;
};

WriteErrors::WriteErrors(std::string path) : errors_(std::make_shared<Listener>(std::move(path))) {}

std::shared_ptr<rocksdb::EventListener> WriteErrors::listener() const noexcept { return errors_; }

Status WriteErrors::first() const { return errors_->first(); }

}  // namespace cinch
