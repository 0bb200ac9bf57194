// What the stores are measured against, on the same values in the same run: memcpy, liblz4 and libzstd as they are.
// `library_get/zstd/json/64KiB` is ZSTD_decompressDCtx into a buffer that is there already.
#include <benchmark/benchmark.h>
#include <lz4.h>
#include <zstd.h>

#include <cstring>
#include <memory>
#include <string>

#include "bench/bench_values.hpp"

namespace cinch::bench {
namespace {

using Buffer = std::vector<char>;

struct Library {
  virtual ~Library() = default;
  virtual std::size_t bound(std::size_t size) const = 0;
  virtual std::size_t encode(const char* from, std::size_t size, char* to, std::size_t room) = 0;
  virtual std::size_t decode(const char* from, std::size_t size, char* to, std::size_t room) = 0;
};

struct Memcpy final : Library {
  std::size_t bound(std::size_t size) const override { return size; }
  std::size_t encode(const char* from, std::size_t size, char* to, std::size_t) override {
    std::memcpy(to, from, size);
    return size;
  }
  std::size_t decode(const char* from, std::size_t size, char* to, std::size_t) override {
    std::memcpy(to, from, size);
    return size;
  }
};

struct Lz4 final : Library {
  std::size_t bound(std::size_t size) const override {
    return static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(size)));
  }
  std::size_t encode(const char* from, std::size_t size, char* to, std::size_t room) override {
    return static_cast<std::size_t>(LZ4_compress_default(from, to, static_cast<int>(size), static_cast<int>(room)));
  }
  std::size_t decode(const char* from, std::size_t size, char* to, std::size_t room) override {
    return static_cast<std::size_t>(LZ4_decompress_safe(from, to, static_cast<int>(size), static_cast<int>(room)));
  }
};

struct Zstd final : Library {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::size_t bound(std::size_t size) const override { return ZSTD_compressBound(size); }
  std::size_t encode(const char* from, std::size_t size, char* to, std::size_t room) override {
    return ZSTD_compressCCtx(encoder.get(), to, room, from, size, 3);
  }
  std::size_t decode(const char* from, std::size_t size, char* to, std::size_t room) override {
    return ZSTD_decompressDCtx(decoder.get(), to, room, from, size);
  }
  std::unique_ptr<ZSTD_CCtx, Free> encoder{ZSTD_createCCtx()};
  std::unique_ptr<ZSTD_DCtx, Free> decoder{ZSTD_createDCtx()};
};

template <class L>
void run(benchmark::State& state, bool encodes, std::string_view content, std::size_t bytes) {
  const std::vector<std::vector<std::byte>>& all = values(content, bytes);
  L library;
  std::vector<Buffer> encoded;
  Buffer scratch(library.bound(bytes));
  Buffer decoded(bytes);
  std::size_t stored = 0;
  for (const std::vector<std::byte>& value : all) {
    const char* raw = reinterpret_cast<const char*>(value.data());
    const std::size_t size = library.encode(raw, bytes, scratch.data(), scratch.size());
    encoded.emplace_back(scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(size));
    stored += size;
    if (library.decode(encoded.back().data(), size, decoded.data(), bytes) != bytes ||
        std::memcmp(decoded.data(), raw, bytes) != 0) {
      return state.SkipWithError("a value came back wrong");
    }
  }
  std::size_t at = 0;
  for (auto _ : state) {
    if (encodes) {
      library.encode(reinterpret_cast<const char*>(all[at].data()), bytes, scratch.data(), scratch.size());
      benchmark::DoNotOptimize(scratch.data());
    } else {
      library.decode(encoded[at].data(), encoded[at].size(), decoded.data(), bytes);
      benchmark::DoNotOptimize(decoded.data());
    }
    benchmark::ClobberMemory();
    at = (at + 1) % all.size();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
  state.counters["ratio"] = static_cast<double>(all.size() * bytes) / static_cast<double>(stored);
}

template <class L>
void add_library(const std::string& name) {
  for (const std::string_view content : contents) {
    for (const Size& size : sizes) {
      for (const bool encodes : {true, false}) {
        const std::string full = std::string(encodes ? "library_set/" : "library_get/") + name + "/" +
                                 std::string(content) + "/" + std::string(size.name);
        benchmark::RegisterBenchmark(full.c_str(), run<L>, encodes, content, size.bytes)->UseRealTime();
      }
    }
  }
}

const bool registered = [] {
  add_library<Memcpy>("memcpy");
  add_library<Lz4>("lz4");
  add_library<Zstd>("zstd");
  return true;
}();

}  // namespace
}  // namespace cinch::bench
