/// The environment that a database works in: another one, with four gaps of RocksDB 7.8.3 closed.
#pragma once

#include <rocksdb/env.h>

#include <memory>

#include "backends/rocksdb/compaction_files.hpp"
#include "backends/rocksdb/disk_space.hpp"

namespace cinch {

/// - A new manifest is sure to be in its directory before CURRENT names it. RocksDB syncs the directory only after
///   that, and a power loss in between may leave a CURRENT that names nothing.
/// - An exhausted quota is an exhausted disk. RocksDB takes it for an error of the device, after which it never writes
///   again.
/// - Compactions end with "no space" before the disk does. RocksDB has them take what a flush or the log needs next,
///   and an error of those stops all writes. One is tried again when more was flushed, removals perhaps: RocksDB waits
///   for as much space as the inputs have, whether or not their keys are still there.
/// - A table whose damage would abort the process is an error: see table_check.hpp.
/// And the checksums of blocks can be compared where they are read: see block_check.hpp.
///
/// Borrows `base` and `space`.
std::unique_ptr<rocksdb::Env> make_careful_env(rocksdb::Env& base, DiskSpace& space,
                                               std::shared_ptr<CompactionFiles> compaction_files);

}  // namespace cinch
