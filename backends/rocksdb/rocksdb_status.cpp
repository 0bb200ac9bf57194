#include "backends/rocksdb/rocksdb_status.hpp"

#include <cerrno>
#include <cstring>
#include <string>

namespace cinch {
namespace {

bool has(const std::string& text, std::string_view part) noexcept { return text.find(part) != std::string::npos; }

/// Whether a message of RocksDB's contains the text of `error`, in the language of the process or in English.
bool has_error(const std::string& text, int error) {
  return has(text, strerrordesc_np(error)) || has(text, std::strerror(error));
}

/// RocksDB has no status codes for an exhausted quota or a database in use: only the message tells.
StatusCode code_of_io_error(const std::string& text) {
  if (is_quota_error(text)) return StatusCode::no_space;
  const bool is_held = has(text, "While lock file") && (has_error(text, EAGAIN) || has_error(text, EACCES));
  return is_held || has(text, "lock hold by current process") ? StatusCode::locked : StatusCode::io_error;
}

StatusCode code_of(const rocksdb::Status& status, const std::string& text) {
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit) return StatusCode::no_space;
  switch (status.code()) {
    case rocksdb::Status::kCorruption: return StatusCode::corruption;
    case rocksdb::Status::kBusy:
    case rocksdb::Status::kTryAgain: return StatusCode::busy;
    // A write that would have to wait for an earlier error to end; the text names that error.
    case rocksdb::Status::kIncomplete: return has(text, "No space left") ? StatusCode::no_space : StatusCode::busy;
    case rocksdb::Status::kTimedOut: return StatusCode::timed_out;
    case rocksdb::Status::kShutdownInProgress: return StatusCode::closed;
    case rocksdb::Status::kNotSupported: return StatusCode::unsupported;
    case rocksdb::Status::kInvalidArgument: return StatusCode::invalid_argument;
    default: return code_of_io_error(text);
  }
}

}  // namespace

bool is_quota_error(const std::string& text) { return has_error(text, EDQUOT); }

std::string describe_database(const std::string& path) { return "rocksdb " + path; }

void log_database(LogLevel level, const std::string& path, std::string_view text) {
  log(level, describe_database(path).append(": ").append(text));
}

Status from_rocksdb(const rocksdb::Status& status, std::string_view context) {
  if (status.ok()) return {};
  const std::string text = status.ToString();
  const StatusCode code = code_of(status, text);
  const std::string_view what =
      code == StatusCode::locked ? "another store, here or in another process, has it open: " : "";
  return Status(code, std::string(what) + text).in(context);
}

}  // namespace cinch
