// Values of 1 KiB: cinch over memory beside a bare sharded map of shared pointers, the least that a host would write.
#include <functional>
#include <thread>

#include "bench/bare_map.hpp"
#include "bench/bench_values.hpp"
#include "bench/blocked_value.hpp"
#include "bench/peer_process.hpp"
#include "bench/report_stores.hpp"

namespace cinch::bench {
namespace {

constexpr std::size_t calls_per_thread = 100000;

using Keys = std::vector<std::vector<std::string>>;  // a list for each thread

Keys keys_of_threads(std::size_t count, unsigned threads) {
  std::mt19937_64 random(1);
  Keys out(threads);
  for (auto& keys : out) keys = random_keys(calls_per_thread, count, random);
  return out;
}

/// `work(key)` for all keys, each list on a thread of its own.
template <class Work>
void on_threads(const Keys& keys, const Work& work) {
  std::vector<std::thread> threads;
  for (std::size_t t = 1; t < keys.size(); ++t) {
    threads.emplace_back([&, t] {
      for (const std::string& key : keys[t]) work(key);
    });
  }
  for (const std::string& key : keys[0]) work(key);
  for (std::thread& thread : threads) thread.join();
}

/// A store and what it does for its values.
struct Subject {
  std::string name;
  std::shared_ptr<KvStore> store;
  bool has_goal;
};

/// What a store is measured beside: it sets or gets all keys.
struct Rival {
  std::string name;
  std::function<void(const Keys&)> set, get;
};

void rows_beside(Report& report, const Subject& subject, ByteView value, std::size_t count, const Rival& rival) {
  KvStore& store = *subject.store;
  const std::optional<double> goal = subject.has_goal ? std::optional(0.8) : std::nullopt;
  for (const unsigned threads : {1u, 2u}) {
    const Keys keys = keys_of_threads(count, threads);
    for (const std::string& key : keys.back()) compare(report, key, must_get(store, key).bytes(), value);
    const double calls = static_cast<double>(calls_per_thread) * threads;
    const std::string suffix = ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
    report.operations(
        subject.name + ", set" + suffix, rival.name, calls,
        [&] { on_threads(keys, [&](const std::string& key) { require(store.set(key, value)); }); },
        [&] { rival.set(keys); }, goal);
    report.operations(
        subject.name + ", get" + suffix, rival.name, calls,
        [&] { on_threads(keys, [&](const std::string& key) { (void)must_get(store, key); }); },
        [&] { rival.get(keys); }, goal);
  }
}

void raw_rows(Report& report, std::size_t count) {
  const std::vector<std::byte> value = values("random", 1u << 10).front();
  const std::vector<Subject> subjects = {{"memory store", memory_store("raw")->inner(), true},
                                         {"raw, verify = first_read", memory_store("raw", 1, Verify::first_read), true},
                                         {"raw, verify = always", memory_store("raw"), false}};
  for (const Subject& subject : subjects) {
    KvStore& store = *subject.store;
    BareMap map;  // made along with the store, of the same memory: the second to fill a used heap is slower
    for (std::size_t i = 0; i < count; ++i) {
      const std::string key = key_of(i);
      require(store.set(key, value));
      map.set(key, value);
    }
    const Keys some = keys_of_threads(count, 1);
    for (const std::string& key : some.front()) compare(report, key, *map.get(key), value);
    const auto set = [&](const Keys& keys) { on_threads(keys, [&](const std::string& key) { map.set(key, value); }); };
    const auto get = [&](const Keys& keys) { on_threads(keys, [&](const std::string& key) { (void)map.get(key); }); };
    rows_beside(report, subject, value, count, {"bare map", set, get});
    require(store.remove_prefix("").status());
  }
}

/// foyer's cache, which its own program drives on the same pattern.
void foyer_rows(Report& report, std::size_t count) {
  const std::optional<std::string> program = report.peer_program("foyer", "foyer_peer");
  if (!program) return;
  const std::vector<std::byte> value = values("random", 1u << 10).front();
  const Subject subject{"memory store", memory_store("raw")->inner(), false};
  for (std::size_t i = 0; i < count; ++i) require(subject.store->set(key_of(i), value));
  PeerProcess foyer(*program, {std::to_string(count), std::to_string(value.size())});
  const auto set = [&](const Keys& keys) { foyer.run("set " + std::to_string(keys.size())); };
  const auto get = [&](const Keys& keys) { foyer.run("get " + std::to_string(keys.size())); };
  rows_beside(report, subject, value, count, {"foyer", set, get});
}

/// One value, so that what the engine adds to the codec is not lost among cache misses, which the library has none of.
void compressed_rows(Report& report) {
  report.section("A value of 1 KiB under zstd in memory: one key, one thread");
  const std::vector<std::byte>& value = values("json", 1u << 10).front();
  const std::unique_ptr<tool::LibraryCodec> library = make_library("zstd:level=3");
  BlockedValue plain(*library, value, value.size());
  if (!plain.is_right()) report.wrong("zstd");
  const auto store = memory_store("zstd:level=3");
  set_and_check(report, *store, "k", value);
  report.operations(
      "zstd, JSON, get", "zstd alone", 1, [&] { (void)must_get(*store, "k"); }, [&] { plain.decode(); });
  report.operations(
      "zstd, JSON, set", "zstd alone", 1, [&] { require(store->set("k", value)); }, [&] { plain.encode(); });
  for (const Row& row : {report.rows()[report.rows().size() - 2], report.rows().back()}) {
    // By the share, which compares what ran side by side.
    report.value(row.name + ", beyond zstd itself", "", "ns", 1000 / *row.other * (1 / row.share - 1), {}, 300, false);
  }
}

}  // namespace

void report_small_values(Report& report) {
  const std::size_t count = report.is_quick() ? 100000 : 1000000;
  report.section("Values of 1 KiB, " + std::to_string(count) + " keys in memory");
  raw_rows(report, count);
  foyer_rows(report, count);
  compressed_rows(report);
}

}  // namespace cinch::bench
