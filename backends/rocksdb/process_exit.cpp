#include "backends/rocksdb/process_exit.hpp"

#include <cstdlib>
#include <mutex>
#include <set>

#include "backends/rocksdb/process_fork.hpp"

namespace cinch {
namespace {

struct OpenStores {
  std::mutex mutex;
  std::set<KvStore*> stores;
};

OpenStores& open_stores() {
  static OpenStores* const all = new OpenStores;  // never destroyed: stores may outlive static variables
  return *all;
}

/// In a forked child, the mutex may be locked by a thread that does not exist there.
std::unique_lock<std::mutex> lock(OpenStores& all) {
  if (fork_generation() == 0) return std::unique_lock(all.mutex);
  return {all.mutex, std::try_to_lock};
}

void close_all() {
  OpenStores& all = open_stores();
  const std::unique_lock<std::mutex> locked = lock(all);
  if (!locked) return;
  for (KvStore* const store : all.stores) (void)store->close();  // one of the parent's only returns `closed`
}

}  // namespace

void close_at_exit(KvStore& store) {
  OpenStores& all = open_stores();
  [[maybe_unused]] static const int registered = std::atexit(close_all);
  if (const std::unique_lock<std::mutex> locked = lock(all)) all.stores.insert(&store);
}

void forget_at_exit(KvStore& store) noexcept {
  OpenStores& all = open_stores();
  if (const std::unique_lock<std::mutex> locked = lock(all)) all.stores.erase(&store);
}

}  // namespace cinch
