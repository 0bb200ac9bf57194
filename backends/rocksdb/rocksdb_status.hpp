/// RocksDB's statuses as cinch's, and how messages name a database.
#pragma once

#include <rocksdb/status.h>

#include <string>
#include <string_view>

#include "cinch/status.hpp"

namespace cinch {

/// Whether `text`, of an error of RocksDB's, speaks of an exhausted quota: of errno RocksDB keeps only the text, in the
/// language of the process.
bool tells_of_quota(const std::string& text);

/// `rocksdb PATH`, as messages name a database.
std::string describe_database(const std::string& path);

/// `status` in cinch's terms, its text kept behind "context: ". Success stays success.
Status from_rocksdb(const rocksdb::Status& status, std::string_view context);

}  // namespace cinch
