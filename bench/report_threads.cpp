// Two threads against one: blocks of one value, values of one batch.
#include "bench/bench_values.hpp"
#include "bench/report_stores.hpp"

namespace cinch::bench {

void report_threads(Report& report) {
  report.section("Two threads beside one");
  const std::vector<std::byte>& large = values("json", 16u << 20).front();
  const std::vector<std::vector<std::byte>>& small = values("json", 2u << 20);
  for (const std::string spec : {"lz4", "zstd:level=1"}) {
    const auto one = memory_store(spec, 1);
    const auto two = memory_store(spec, 2);
    set_and_check(report, *one, "k", large);
    set_and_check(report, *two, "k", large);
    const auto bytes = static_cast<double>(large.size());
    report.bytes(
        spec + ", one value of 16 MiB, set", "one thread", bytes, [&] { require(two->set("k", large)); },
        [&] { require(one->set("k", large)); }, 1.85);
    report.bytes(
        spec + ", one value of 16 MiB, get", "one thread", bytes, [&] { (void)must_get(*two, "k"); },
        [&] { (void)must_get(*one, "k"); }, 1.85);
    std::vector<std::string> names;
    for (int i = 0; i < 8; ++i) names.push_back("b" + std::to_string(i));
    const std::vector<std::string_view> keys(names.begin(), names.end());
    std::vector<SetItem> items;
    double batch_bytes = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      items.push_back({keys[i], small[i % small.size()], {}});
      batch_bytes += static_cast<double>(small[i % small.size()].size());
    }
    for (const auto& store : {one, two}) {
      require(store->batch_set(items));
      const std::vector<Value> got = must_get_all(*store, keys);
      for (std::size_t i = 0; i < keys.size(); ++i) compare(report, keys[i], got[i].bytes(), small[i % small.size()]);
    }
    report.bytes(
        spec + ", 8 values of 2 MiB, batch_set", "one thread", batch_bytes, [&] { require(two->batch_set(items)); },
        [&] { require(one->batch_set(items)); }, 1.85);
    report.bytes(
        spec + ", 8 values of 2 MiB, batch_get", "one thread", batch_bytes, [&] { (void)must_get_all(*two, keys); },
        [&] { (void)must_get_all(*one, keys); }, 1.85);
  }
}

}  // namespace cinch::bench
