/// Closes stores that are still open at `exit` or the return from `main`. A store in a static variable might otherwise
/// be closed after RocksDB's own static variables are destroyed.
#pragma once

#include "cinch/kv_store.hpp"

namespace cinch {

/// A store being opened: from the first one that was opened on, the end of the process waits for it, unless it is the
/// opening thread that ends the process. Lives on the stack of its thread.
class StoreOpening {
 public:
  StoreOpening();
  StoreOpening(const StoreOpening&) = delete;
  StoreOpening& operator=(const StoreOpening&) = delete;
  ~StoreOpening();

  /// True: the process is ending, and RocksDB must not be used any more.
  bool is_refused() const noexcept { return is_refused_; }

  /// The store is open. Borrows it until `forget_at_exit`.
  void succeeded(KvStore& store);

 private:
  bool is_counted_ = false;
  bool is_refused_ = false;
};

/// To be called before `store` is destroyed. Waits while it is being closed.
void forget_at_exit(KvStore& store) noexcept;

}  // namespace cinch
