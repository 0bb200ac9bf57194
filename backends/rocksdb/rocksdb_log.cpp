#include "backends/rocksdb/rocksdb_log.hpp"

#include <cstdarg>
#include <cstdio>
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
    char text[1024];  // no std::string, which could throw: RocksDB is not exception-safe
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

}  // namespace

std::shared_ptr<rocksdb::Logger> make_rocksdb_logger(std::string path) {
  return std::make_shared<ForwardingLogger>(std::move(path));
}

}  // namespace cinch
