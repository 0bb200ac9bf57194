#include "cinch/conformance_threads.hpp"

#include "tests/conformance/stores.hpp"

namespace cinch {

INSTANTIATE_TEST_SUITE_P(Each, KvStoreThreadsConformance, testing::ValuesIn(test::stores()), test::name_of);

}  // namespace cinch
