/// Stores that are open when the process leaves by `exit`, or a return from `main`, are closed then. Whoever holds one
/// in a static variable would close it later, when what RocksDB keeps in its own is gone.
#pragma once

#include "cinch/kv_store.hpp"

namespace cinch {

/// Borrows `store`. Requires: what RocksDB keeps in static variables is there, so a database was opened.
void close_at_exit(KvStore& store);

/// To be called before `store` goes. Waits while it is being closed.
void forget_at_exit(KvStore& store) noexcept;

}  // namespace cinch
