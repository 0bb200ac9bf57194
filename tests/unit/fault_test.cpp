// A CompressedKvStore over a store whose n-th call fails, once or for ever: the failure comes through as it is, and
// every key is as before the call or as after it.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "cinch/backend_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "tests/support/fault_kv_store.hpp"

namespace cinch {
namespace {

using Content = std::map<std::string, std::string>;

const std::string old_value(30000, 'o');
const std::string new_value(40000, 'n');

struct Operation {
  const char* name;
  std::function<Status(CompressedKvStore&)> run;
};

std::ostream& operator<<(std::ostream& out, const Operation& operation) { return out << operation.name; }

Content content_of(CompressedKvStore& store) {
  Content content;
  const Status status = for_each_key(store, "", [&](const std::string& key) {
    const GetResult value = store.get(key);
    if (!value) return value.error();
    content[key] = *value ? std::string((*value)->text()) : "absent";
    return Status();
  });
  EXPECT_TRUE(status.ok()) << status.to_string();
  return content;
}

class FaultTest : public testing::TestWithParam<Operation> {
 protected:
  void fill() {
    faults_ = std::make_shared<test::FaultKvStore>(*bundled_backends().open("memory", {}));
    store_ = std::make_unique<CompressedKvStore>(faults_, *default_registry().codec("zstd"));
    for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(store_->set(key, old_value).ok());
  }

  std::shared_ptr<test::FaultKvStore> faults_;
  std::unique_ptr<CompressedKvStore> store_;
};

TEST_P(FaultTest, ComesThroughAndLeavesNothingHalf) {
  fill();
  const Content before = content_of(*store_);
  ASSERT_TRUE(GetParam().run(*store_).ok());
  const Content after = content_of(*store_);
  for (const bool for_ever : {false, true}) {
    for (int n = 0;; ++n) {
      ASSERT_LT(n, 50) << "never ends";
      fill();
      faults_->fail_at(n, for_ever);
      const Status status = GetParam().run(*store_);
      const bool met_fault = faults_->failures() > 0;
      faults_->heal();
      EXPECT_EQ(status.code(), met_fault ? StatusCode::io_error : StatusCode::ok) << n << ": " << status.to_string();
      for (const auto& [key, value] : content_of(*store_)) {
        EXPECT_TRUE((before.contains(key) && value == before.at(key)) ||
                    (after.contains(key) && value == after.at(key)))
            << key << " after a fault at " << n;
      }
      EXPECT_TRUE(GetParam().run(*store_).ok()) << "after the fault was over";
      EXPECT_EQ(content_of(*store_), after);
      if (!met_fault) break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultTest,
    testing::Values(Operation{"set", [](CompressedKvStore& s) { return s.set("a", new_value); }},
                    Operation{"set_new", [](CompressedKvStore& s) { return s.set("d", new_value); }},
                    Operation{"get", [](CompressedKvStore& s) { return s.get("a").status(); }},
                    Operation{"get_into",
                              [](CompressedKvStore& s) {
                                std::vector<std::byte> room(100000);
                                return s.get_into("a", room).status();
                              }},
                    Operation{"remove", [](CompressedKvStore& s) { return s.remove("a"); }},
                    Operation{"exists", [](CompressedKvStore& s) { return s.exists("a").status(); }},
                    Operation{"scan", [](CompressedKvStore& s) { return s.scan("").status(); }},
                    Operation{"flush", [](CompressedKvStore& s) { return s.flush(); }},
                    Operation{"head", [](CompressedKvStore& s) { return s.head("a", 100).status(); }},
                    Operation{"inspect", [](CompressedKvStore& s) { return s.inspect("a").status(); }},
                    Operation{"get_frame", [](CompressedKvStore& s) { return s.get_frame("a").status(); }},
                    Operation{"touch", [](CompressedKvStore& s) { return s.touch("a", {}).status(); }},
                    Operation{"remove_prefix", [](CompressedKvStore& s) { return s.remove_prefix("").status(); }},
                    Operation{"batch_set",
                              [](CompressedKvStore& s) {
                                return s.batch_set(std::vector<SetItem>{{"a", new_value}, {"d", new_value}});
                              }},
                    Operation{"batch_get",
                              [](CompressedKvStore& s) {
                                for (const GetResult& value : s.batch_get(std::vector<std::string_view>{"a", "b"})) {
                                  if (!value) return value.error();
                                }
                                return Status();
                              }}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace cinch
