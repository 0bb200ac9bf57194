/// RocksDB's statuses as cinch's.
#pragma once

#include <rocksdb/status.h>

#include <string_view>

#include "cinch/status.hpp"

namespace cinch {

/// `status` in cinch's terms, its text kept behind "context: ". Success stays success.
Status from_rocksdb(const rocksdb::Status& status, std::string_view context);

}  // namespace cinch
