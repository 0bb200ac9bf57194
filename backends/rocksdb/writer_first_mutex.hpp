/// A mutex that many share, or one holds alone, in which who wants it alone is not kept waiting by those who come
/// later.
#pragma once

#include <pthread.h>

#include <cstdlib>

namespace cinch {

/// glibc's `std::shared_mutex` lets in whoever shares it as long as others do: with a few threads that never pause,
/// who wants it alone waits for ever. Requires: nobody who shares it asks for it again.
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
  /// Going on without the lock would be worse: who holds it asked for it again, which only a defect here can do.
  static void require(int error) {
    if (error != 0) std::abort();
  }

  pthread_rwlock_t lock_;
};

}  // namespace cinch
