// set and get through CompressedKvStore: `get/memory/zstd/json/64KiB`.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "bench/bench_values.hpp"
#include "cinch/store_config.hpp"

namespace cinch::bench {
namespace {

enum class Operation { set, get };

/// A store with every value in it, verified, and gone with the benchmark.
class BenchStore {
 public:
  BenchStore(const std::string& backend, const std::string& codec) {
    StoreConfig config;
    config.backend = backend;
    config.codec = codec;
    config.threads = 1;
    if (backend != "memory") {
      directory_ = std::filesystem::temp_directory_path() / ("cinch-bench-" + std::to_string(getpid()));
      config.settings.set("path", directory_.string());
    }
    Result<std::shared_ptr<CompressedKvStore>> store = open_store(config);
    if (store) store_ = std::move(*store);
    failure_ = store.status();
  }
  BenchStore(const BenchStore&) = delete;
  BenchStore& operator=(const BenchStore&) = delete;
  ~BenchStore() {
    store_.reset();
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  CompressedKvStore& operator*() const { return *store_; }
  const Status& failure() const { return failure_; }

 private:
  std::filesystem::path directory_;
  std::shared_ptr<CompressedKvStore> store_;
  Status failure_;
};

std::string key_of(std::size_t index) { return "layer:" + std::to_string(index) + ":kv"; }

/// Sets all values and reads them back; answers what is wrong, or nothing.
std::string fill(CompressedKvStore& store, const std::vector<std::vector<std::byte>>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (Status status = store.set(key_of(i), ByteView(all[i])); !status.ok()) return status.to_string();
  }
  if (Status status = store.flush(); !status.ok()) return status.to_string();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const GetResult value = store.get(key_of(i));
    if (!value) return value.error().to_string();
    if (!*value || !std::ranges::equal((*value)->bytes(), all[i])) return key_of(i) + " came back wrong";
  }
  return {};
}

double ratio_of(CompressedKvStore& store, std::size_t count) {
  double raw = 0;
  double stored = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto info = store.inspect(key_of(i));
    raw += static_cast<double>((*info)->decoded_bytes);
    stored += static_cast<double>((*info)->stored_bytes);
  }
  return raw / stored;
}

void run(benchmark::State& state, Operation operation, const std::string& backend, const std::string& codec,
         std::string_view content, std::size_t bytes) {
  const std::vector<std::vector<std::byte>>& all = values(content, bytes);
  BenchStore store(backend, codec);
  if (!store.failure().ok()) return state.SkipWithError(store.failure().to_string().c_str());
  if (const std::string wrong = fill(*store, all); !wrong.empty()) return state.SkipWithError(wrong.c_str());
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < all.size(); ++i) keys.push_back(key_of(i));
  std::size_t at = 0;
  for (auto _ : state) {
    if (operation == Operation::set) {
      if (!(*store).set(keys[at], ByteView(all[at])).ok()) return state.SkipWithError("set failed");
    } else {
      const GetResult value = (*store).get(keys[at]);
      if (!value || !*value) return state.SkipWithError("get failed");
      benchmark::DoNotOptimize((*value)->data());
    }
    at = (at + 1) % all.size();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
  state.counters["ratio"] = ratio_of(*store, all.size());
}

void add_case(Operation operation, const std::string& backend, const std::string& codec, std::string_view content,
              const Size& size) {
  const std::string name = std::string(operation == Operation::set ? "set/" : "get/") + backend + "/" + codec + "/" +
                           std::string(content) + "/" + std::string(size.name);
  benchmark::RegisterBenchmark(name.c_str(), run, operation, backend, codec, content, size.bytes)->UseRealTime();
}

/// Every bundled backend and codec.
const bool registered = [] {
  const BackendRegistry backends = bundled_backends();
  for (const std::string_view backend : backends.names()) {
    for (const ProviderInfo& codec : default_registry().providers()) {
      if (codec.traits.lossy) continue;  // its round trip is judged elsewhere
      for (const std::string_view content : contents) {
        for (const Size& size : sizes) {
          for (const Operation operation : {Operation::set, Operation::get}) {
            add_case(operation, std::string(backend), codec.format, content, size);
          }
        }
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace cinch::bench
