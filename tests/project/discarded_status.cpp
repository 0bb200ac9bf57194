#include "cinch/kv_store.hpp"

void discard(cinch::KvStore& store) {
#ifdef LOOKED_AT
  if (!store.flush().ok() || !store.exists("k")) return;
#else
  store.flush();
#endif
}
