/// A shared mutex that prefers writers.
#pragma once

#include <pthread.h>

#include <cstdlib>

namespace cinch {

/// glibc's `std::shared_mutex` prefers readers: with a few threads that keep locking it shared, an exclusive lock waits
/// for ever. Requires: a thread that holds it does not lock it again.
class WriterFirstMutex {
 public:
  WriterFirstMutex() {
    pthread_rwlockattr_t kind;
    pthread_rwlockattr_init(&kind);
    pthread_rwlockattr_setkind_np(&kind, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&lock_, &kind);
    pthread_rwlockattr_destroy(&kind);
  }
  WriterFirstMutex(const WriterFirstMutex&) = delete;
  WriterFirstMutex& operator=(const WriterFirstMutex&) = delete;
  ~WriterFirstMutex() { pthread_rwlock_destroy(&lock_); }

  void lock() { require(pthread_rwlock_wrlock(&lock_)); }
  void unlock() { pthread_rwlock_unlock(&lock_); }
  void lock_shared() { require(pthread_rwlock_rdlock(&lock_)); }
  void unlock_shared() { pthread_rwlock_unlock(&lock_); }

 private:
  /// Aborts if the calling thread holds the lock already, a defect of cinch; going on without it would be worse.
  static void require(int error) {
    if (error != 0) std::abort();
  }

  pthread_rwlock_t lock_;
};

}  // namespace cinch
