/// The environment that a database works in: another one, with two gaps of RocksDB 7.8.3 closed.
#pragma once

#include <rocksdb/env.h>

#include <memory>

namespace cinch {

/// - A new manifest is sure to be in its directory before CURRENT names it. RocksDB syncs the directory after that
/// alone,
///   and a power loss in between may leave a CURRENT that names nothing.
/// - An exhausted quota is an exhausted disk. RocksDB takes it for an error of the device, after which it never writes
///   again.
///
/// Borrows `base`.
std::unique_ptr<rocksdb::Env> make_careful_env(rocksdb::Env& base);

}  // namespace cinch
