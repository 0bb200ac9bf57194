// What the stores are measured against, on the same values in the same run: memcpy, liblz4 and libzstd as they are.
// `library_get/zstd/json/64KiB` is ZSTD_decompressDCtx into a buffer that is there already.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <string>

#include "bench/bench_values.hpp"
#include "bench/blocked_value.hpp"

namespace cinch::bench {
namespace {

class Memcpy final : public tool::LibraryCodec {
 public:
  std::size_t bound(std::size_t size) const override { return size; }
  std::size_t compress(ByteView from, MutableBytes to) override { return copy(from, to); }
  std::size_t decompress(ByteView from, MutableBytes to) override { return copy(from, to); }

 private:
  static std::size_t copy(ByteView from, MutableBytes to) {
    std::memcpy(to.data(), from.data(), from.size());
    return from.size();
  }
};

std::unique_ptr<tool::LibraryCodec> make(const std::string& name) {
  if (name == "memcpy") return std::make_unique<Memcpy>();
  return make_library(name);
}

void run(benchmark::State& state, const std::string& name, bool encodes, std::string_view content, std::size_t bytes) {
  const std::vector<std::vector<std::byte>>& all = values(content, bytes);
  const std::unique_ptr<tool::LibraryCodec> library = make(name);
  std::vector<BlockedValue> blocks;
  std::size_t stored = 0;
  blocks.reserve(all.size());
  for (const std::vector<std::byte>& value : all) {
    blocks.emplace_back(*library, value, bytes);  // one block
    if (!blocks.back().is_right()) return state.SkipWithError("a value came back wrong");
    stored += blocks.back().encoded_bytes();
  }
  std::size_t at = 0;
  for (auto _ : state) {
    encodes ? blocks[at].encode() : blocks[at].decode();
    benchmark::ClobberMemory();
    at = (at + 1) % all.size();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
  state.counters["ratio"] = static_cast<double>(all.size() * bytes) / static_cast<double>(stored);
}

const bool registered = [] {
  for (const std::string name : {"memcpy", "lz4", "zstd"}) {
    for (const std::string_view content : contents) {
      for (const Size& size : sizes) {
        for (const bool encodes : {true, false}) {
          const std::string full = std::string(encodes ? "library_set/" : "library_get/") + name + "/" +
                                   std::string(content) + "/" + std::string(size.name);
          benchmark::RegisterBenchmark(full.c_str(), run, name, encodes, content, size.bytes)->UseRealTime();
        }
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace cinch::bench
