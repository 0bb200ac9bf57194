/// Wraps the environment of a database to close five gaps of RocksDB 7.8.3.
#pragma once

#include <rocksdb/env.h>

#include <memory>

#include "backends/rocksdb/compaction_files.hpp"
#include "backends/rocksdb/disk_space.hpp"

namespace cinch {

/// - The directory is synced before CURRENT names a new manifest. RocksDB syncs it only afterwards, and a power loss in
///   between may leave a CURRENT that names a missing file.
/// - An exhausted quota is reported as a full disk. RocksDB takes it for a device error, after which it never writes
///   again.
/// - Compactions fail with "no space" before the disk is full. RocksDB lets them take the space of the next flush or
///   log write, and a failure of those stops all writes. A compaction is retried after a flush, which may have brought
///   removals: RocksDB would wait for as much space as the inputs take, whether or not their keys still exist.
/// - A table whose damage would abort the process is an error: see table_check.hpp.
/// - Zeros in a log are damage: see log_check.hpp.
/// It also lets block checksums be verified as blocks are read: see block_check.hpp.
///
/// Borrows `base` and `space`.
std::unique_ptr<rocksdb::Env> make_careful_env(rocksdb::Env& base, DiskSpace& space,
                                               std::shared_ptr<CompactionFiles> compaction_files);

}  // namespace cinch
