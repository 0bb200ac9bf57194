#include "backends/memory/memory_kv_store.hpp"
#include "cinch/backend_registry.hpp"
#ifdef CINCH_WITH_ROCKSDB
#include "backends/rocksdb/rocksdb_kv_store.hpp"
#endif

namespace cinch {
namespace {

/// One line a backend. A new one is named here and in CMakeLists.txt, nowhere else.
void add_all(BackendRegistry& registry) {
  (void)registry.add("memory", MemoryKvStore::open, MemoryKvStore::info());
#ifdef CINCH_WITH_ROCKSDB
  (void)registry.add("rocksdb", RocksDbKvStore::open, RocksDbKvStore::info());
#else
  (void)registry.add_unavailable("rocksdb", "this build of cinch is without it (CINCH_WITH_ROCKSDB=OFF)");
#endif
}

}  // namespace

BackendRegistry bundled_backends() {
  BackendRegistry registry;
  add_all(registry);
  return registry;
}

}  // namespace cinch
