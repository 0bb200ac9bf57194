/// Closes stores that are still open at `exit` or the return from `main`. A store in a static variable might otherwise
/// be closed after RocksDB's own static variables are destroyed.
#pragma once

#include "cinch/kv_store.hpp"

namespace cinch {

/// Borrows `store`. Requires: RocksDB's static variables are initialised, because a database was opened.
void close_at_exit(KvStore& store);

/// To be called before `store` is destroyed. Waits while it is being closed.
void forget_at_exit(KvStore& store) noexcept;

}  // namespace cinch
