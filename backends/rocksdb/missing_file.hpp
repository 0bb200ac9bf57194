/// A table or blob file that is not there: lost, or dropped by the writer beside whom it was to be read.
#pragma once

#include <rocksdb/status.h>

#include <string>
#include <string_view>

#include "backends/rocksdb/rocksdb_options.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// The manifest's name and size, empty when there is none. A writer writes to its manifest, or makes another, before it
/// drops a file.
std::string manifest_state(const std::string& directory);

/// As `from_rocksdb`, for a database whose manifest was in `state` before it was opened. A missing file is
/// `corruption`; of a store that is only read, `busy` when its manifest has changed.
Status from_read(const rocksdb::Status& status, std::string_view context, const RocksDbOptions& options,
                 const std::string& state);

}  // namespace cinch
