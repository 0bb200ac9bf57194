// As work grows: values from 256 KiB to 256 MiB, keys from 10^4 to 10^7, each beside the plain library or a bare map;
// and the memory that one set and one get take at most.
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <unordered_map>

#include "bench/bench_values.hpp"
#include "bench/blocked_value.hpp"
#include "bench/report_stores.hpp"
#include "tests/support/payloads.hpp"

namespace cinch::bench {
namespace {

void size_rows(Report& report) {
  report.section("As values grow: lz4, JSON, one thread");
  const std::unique_ptr<tool::LibraryCodec> library = make_library("lz4");
  const std::size_t most = report.is_quick() ? std::size_t{4} << 20 : std::size_t{256} << 20;
  for (std::size_t size = std::size_t{256} << 10; size <= most; size *= 4) {
    const std::vector<std::byte> value = test::make_payload(test::PayloadKind::json, size, 1);
    BlockedValue blocked(*library, value, default_block_bytes);
    if (!blocked.is_right()) report.wrong("lz4");
    const auto store = memory_store("lz4");
    set_and_check(report, *store, "k", value);
    const std::string name = format_size(size);
    report.bytes(
        name + ", set", "library", static_cast<double>(size), [&] { require(store->set("k", value)); },
        [&] { blocked.encode(); });
    report.bytes(
        name + ", get", "library", static_cast<double>(size), [&] { (void)must_get(*store, "k"); },
        [&] { blocked.decode(); });
  }
}

void key_rows(Report& report) {
  report.section("As keys grow: values of 32 bytes in memory");
  const std::string value(32, 'v');
  const std::size_t most = report.is_quick() ? 100000 : 10000000;
  for (std::size_t count = 10000; count <= most; count *= 10) {
    const auto store = memory_store("raw");
    std::unordered_map<std::string, std::shared_ptr<const std::string>> map;
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < count; ++i) {
      std::string key = "user:" + std::to_string(i);
      require(store->set(key, value));
      map[key] = std::make_shared<const std::string>(value);
      if (i % (count / 10000) == 0) keys.push_back(std::move(key));
    }
    std::ranges::reverse(keys);
    report.pair(
        std::to_string(count) + " keys, get", "std::unordered_map, no lock", static_cast<double>(keys.size()), "Mop/s",
        1e-6,
        [&] {
          for (const std::string& key : keys) (void)must_get(*store, key);
        },
        [&] {
          for (const std::string& key : keys) {
            const std::shared_ptr<const std::string> held = map.find(key)->second;
            asm volatile("" : : "r"(held.get()) : "memory");
          }
        });
  }
}

/// The most memory that this process has had so far, in MiB.
double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace

void report_growth(Report& report) {
  size_rows(report);
  key_rows(report);
  report.section("Memory");
  report.value("most memory of this whole run", "", "MiB", peak_mib(), {}, {}, false);
}

}  // namespace cinch::bench
