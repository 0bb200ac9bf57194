/// Copies a database that is in use to a new directory.
#pragma once

#include <rocksdb/db.h>

#include <string>

#include "backends/rocksdb/watermark.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// Makes `directory`, which must not exist, with everything written before; others may go on writing. `record.sequence`
/// is that of the newest write that the copy must contain. The copy's own watermark tells later whether it is complete,
/// and repeats the losses of the database. Errors: `invalid_argument`, `no_space`, `io_error`.
Status make_checkpoint(rocksdb::DB& db, rocksdb::Env& env, const std::string& directory, WatermarkRecord record);

}  // namespace cinch
