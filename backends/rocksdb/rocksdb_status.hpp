/// RocksDB's statuses as cinch's, and messages that name a database.
#pragma once

#include <rocksdb/status.h>

#include <string>
#include <string_view>

#include "cinch/log.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// Whether `text`, the message of a RocksDB error, is about an exhausted quota. Of errno RocksDB keeps only the text,
/// in the language of the process.
bool is_quota_error(const std::string& text);

/// `rocksdb PATH`, as messages name a database.
std::string describe_database(const std::string& path);

/// Logs "rocksdb PATH: text".
void log_database(LogLevel level, const std::string& path, std::string_view text);

/// `status` in cinch's terms, its text kept behind "context: ". Success stays success.
Status from_rocksdb(const rocksdb::Status& status, std::string_view context);

}  // namespace cinch
