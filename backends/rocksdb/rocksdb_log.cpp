#include "backends/rocksdb/rocksdb_log.hpp"

#include <cstdarg>
#include <cstdio>
#include <exception>
#include <utility>

#include "cinch/log.hpp"

namespace cinch {
namespace {

class ForwardingLogger final : public rocksdb::Logger {
 public:
  explicit ForwardingLogger(std::string path) : Logger(rocksdb::WARN_LEVEL), path_(std::move(path)) {}

  using Logger::Logv;
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < rocksdb::WARN_LEVEL || level == rocksdb::HEADER_LEVEL) return;
    char text[1024];  // nothing that could throw: RocksDB is not exception-safe
    const int prefix = std::snprintf(text, sizeof text, "rocksdb %.256s: ", path_.c_str());
    if (prefix < 0 ||
        std::vsnprintf(text + prefix, sizeof text - static_cast<std::size_t>(prefix), format, arguments) < 0) {
      return;
    }
    log(level == rocksdb::WARN_LEVEL ? LogLevel::warning : LogLevel::error, text);
  }
  void LogHeader(const char*, va_list) override {}

 private:
  const std::string path_;
};

class ErrorListener final : public rocksdb::EventListener {
 public:
  ErrorListener(std::string path, std::shared_ptr<std::atomic<bool>> has_failed)
      : path_(std::move(path)), has_failed_(std::move(has_failed)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) override {
    *has_failed_ = true;
    report(LogLevel::error, "writes fail until this is over: ", *error);
  }
  void OnErrorRecoveryEnd(const rocksdb::BackgroundErrorRecoveryInfo& info) override {
    if (info.new_bg_error.ok()) report(LogLevel::info, "writes work again after ", info.old_bg_error);
  }

 private:
  void report(LogLevel level, const char* what, const rocksdb::Status& error) const noexcept {
    try {
      log(level, "rocksdb " + path_ + ": " + what + error.ToString());
    } catch (const std::exception&) {  // out of memory: the failing calls themselves still say it
    }
  }

  const std::string path_;
  const std::shared_ptr<std::atomic<bool>> has_failed_;
};

}  // namespace

std::shared_ptr<rocksdb::Logger> make_rocksdb_logger(std::string path) {
  return std::make_shared<ForwardingLogger>(std::move(path));
}

std::shared_ptr<rocksdb::EventListener> make_rocksdb_listener(std::string path,
                                                              std::shared_ptr<std::atomic<bool>> has_failed) {
  return std::make_shared<ErrorListener>(std::move(path), std::move(has_failed));
}

}  // namespace cinch
