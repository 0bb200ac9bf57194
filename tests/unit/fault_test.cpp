// A CompressedKvStore over a store whose n-th call fails, once or for ever: the failure comes through as it is, and
// every key is as before the call or as after it.
#include <gtest/gtest.h>

#include "cinch/backend_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "tests/support/fault_kv_store.hpp"
#include "tests/support/store_operations.hpp"

namespace cinch {
namespace {

class FaultTest : public testing::TestWithParam<test::StoreOperation> {
 protected:
  void fill() {
    faults_ = std::make_shared<test::FaultKvStore>(*bundled_backends().open("memory", {}));
    store_ =
        std::make_unique<CompressedKvStore>(faults_, *default_registry().codec("zstd"), test::options_for_operations());
    test::fill_for_operations(*store_);
  }

  std::shared_ptr<test::FaultKvStore> faults_;
  std::unique_ptr<CompressedKvStore> store_;
};

TEST_P(FaultTest, ComesThroughAndLeavesNothingHalf) {
  fill();
  const test::StoreContent before = test::content_of(*store_);
  ASSERT_TRUE(GetParam().run(*store_).ok());
  const test::StoreContent after = test::content_of(*store_);
  for (const bool for_ever : {false, true}) {
    for (int n = 0;; ++n) {
      ASSERT_LT(n, 50) << "never ends";
      fill();
      faults_->fail_at(n, for_ever);
      const Status status = GetParam().run(*store_);
      const bool met_fault = faults_->failures() > 0;
      faults_->heal();
      EXPECT_EQ(status.code(), met_fault ? StatusCode::io_error : StatusCode::ok) << n << ": " << status.to_string();
      for (const auto& [key, value] : test::content_of(*store_)) {
        EXPECT_TRUE((before.contains(key) && value == before.at(key)) ||
                    (after.contains(key) && value == after.at(key)))
            << key << " after a fault at " << n;
      }
      EXPECT_TRUE(GetParam().run(*store_).ok()) << "after the fault was over";
      EXPECT_EQ(test::content_of(*store_), after);
      if (!met_fault) break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Each, FaultTest, testing::ValuesIn(test::store_operations()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace cinch
