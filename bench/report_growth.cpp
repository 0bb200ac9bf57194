// As work grows: values from 256 KiB to 256 MiB, keys from 10^4 to 10^7, each beside the plain library or a bare map.
#include <algorithm>

#include "bench/bare_map.hpp"
#include "bench/bench_values.hpp"
#include "bench/blocked_value.hpp"
#include "bench/report_stores.hpp"
#include "tests/support/payloads.hpp"

namespace cinch::bench {
namespace {

/// How far the shares of every second row from `first` to `end` lie apart: 1 is perfectly flat.
void flatness_row(Report& report, const std::string& what, std::size_t first, std::size_t end) {
  double most = 0;
  double least = 0;
  for (std::size_t i = first; i < end; i += 2) {
    const double share = report.rows()[i].share;
    most = std::max(most, share);
    least = least == 0 ? share : std::min(least, share);
  }
  report.value("largest by smallest share, " + what, "", "", least > 0 ? most / least : 0, {}, 1.10, false);
}

void size_rows(Report& report) {
  report.section("As values grow: lz4, JSON, one thread");
  const std::unique_ptr<tool::LibraryCodec> library = make_library("lz4");
  const std::size_t most = report.is_quick() ? std::size_t{4} << 20 : std::size_t{256} << 20;
  const std::size_t first = report.rows().size();
  for (std::size_t size = std::size_t{256} << 10; size <= most; size *= 4) {
    const std::vector<std::byte> value = test::make_payload(test::PayloadKind::json, size, 1);
    BlockedValue blocked(*library, value, block_bytes_of("lz4"));
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
  const std::size_t end = report.rows().size();
  flatness_row(report, "set", first, end);
  flatness_row(report, "get", first + 1, end);
}

void key_rows(Report& report) {
  report.section("As keys grow: values of 32 bytes in memory");
  const std::string value(32, 'v');
  const std::size_t most = report.is_quick() ? 100000 : 10000000;
  const std::size_t first = report.rows().size();
  for (std::size_t count = 10000; count <= most; count *= 10) {
    const auto compressed = memory_store("raw");
    KvStore& store = *compressed->inner();
    BareMap map;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string key = key_of(i);
      require(store.set(key, value));
      map.set(key, as_bytes(value));
    }
    std::mt19937_64 random(count);
    const std::vector<std::string> keys = random_keys(10000, count, random);
    for (const std::string& key : keys) {
      compare(report, key, must_get(store, key).bytes(), as_bytes(value));
      compare(report, key, *map.get(key), as_bytes(value));
    }
    const std::string name = std::to_string(count) + " keys, ";
    const auto calls = static_cast<double>(keys.size());
    report.operations(
        name + "set", "bare map", calls,
        [&] {
          for (const std::string& key : keys) require(store.set(key, value));
        },
        [&] {
          for (const std::string& key : keys) map.set(key, as_bytes(value));
        });
    report.operations(
        name + "get", "bare map", calls,
        [&] {
          for (const std::string& key : keys) (void)must_get(store, key);
        },
        [&] {
          for (const std::string& key : keys) (void)map.get(key);
        });
  }
  const std::size_t end = report.rows().size();
  flatness_row(report, "set", first, end);
  flatness_row(report, "get", first + 1, end);
}

}  // namespace

void report_growth(Report& report) {
  size_rows(report);
  key_rows(report);
}

}  // namespace cinch::bench
