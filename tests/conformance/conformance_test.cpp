#include "cinch/conformance.hpp"

#include "tests/conformance/stores.hpp"

namespace cinch {

INSTANTIATE_TEST_SUITE_P(Each, KvStoreConformance, testing::ValuesIn(test::stores()), test::name_of);

}  // namespace cinch
