/// A copy of a database that is in use, in a directory of its own.
#pragma once

#include <rocksdb/db.h>

#include <string>

#include "backends/rocksdb/watermark.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// Makes `directory`, which must not exist, with everything that was written before; others may go on writing.
/// `record.sequence` is that of a write which the copy has to have. The copy's own watermark tells from then on whether
/// it is whole, and of losses that the database tells of. Errors: `invalid_argument`, `no_space`, `io_error`.
Status make_checkpoint(rocksdb::DB& db, rocksdb::Env& env, const std::string& directory, WatermarkRecord record);

}  // namespace cinch
