#include "backends/rocksdb/process_exit.hpp"

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>

#include "backends/rocksdb/process_fork.hpp"

namespace cinch {
namespace {

struct OpenStores {
  std::mutex mutex;
  std::set<KvStore*> stores;  // by mutex, as all below
  unsigned openings = 0;
  std::condition_variable opened;
  bool is_ending = false;
};

OpenStores& open_stores() {
  static OpenStores* const all = new OpenStores;  // never destroyed: stores may outlive static variables
  return *all;
}

thread_local unsigned own_openings = 0;  // under way on this thread, which may itself end the process

/// In a forked child, the mutex may be locked by a thread that does not exist there.
std::unique_lock<std::mutex> lock(OpenStores& all) {
  if (fork_generation() == 0) return std::unique_lock(all.mutex);
  return {all.mutex, std::try_to_lock};
}

void close_all() {
  OpenStores& all = open_stores();
  std::unique_lock<std::mutex> locked = lock(all);
  if (!locked) return;
  all.is_ending = true;
  if (fork_generation() == 0) all.opened.wait(locked, [&] { return all.openings == own_openings; });
  for (KvStore* const store : all.stores) (void)store->close();  // one of the parent's only returns `closed`
}

}  // namespace

StoreOpening::StoreOpening() {
  OpenStores& all = open_stores();
  const std::unique_lock<std::mutex> locked = lock(all);
  if (!locked) return;
  is_refused_ = all.is_ending;
  is_counted_ = !is_refused_;
  if (!is_counted_) return;
  ++all.openings;
  ++own_openings;
}

StoreOpening::~StoreOpening() {
  if (!is_counted_) return;
  OpenStores& all = open_stores();
  const std::unique_lock<std::mutex> locked = lock(all);
  if (!locked) return;
  --all.openings;
  --own_openings;
  all.opened.notify_all();
}

void StoreOpening::succeeded(KvStore& store) {
  OpenStores& all = open_stores();
  // Not earlier: what RocksDB's first opening makes has to be destroyed later.
  [[maybe_unused]] static const int registered = std::atexit(close_all);
  if (const std::unique_lock<std::mutex> locked = lock(all)) all.stores.insert(&store);
}

void forget_at_exit(KvStore& store) noexcept {
  OpenStores& all = open_stores();
  if (const std::unique_lock<std::mutex> locked = lock(all)) all.stores.erase(&store);
}

}  // namespace cinch
