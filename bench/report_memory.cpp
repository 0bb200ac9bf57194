// Reads without a codec: what is handed out, what is copied, what checksums cost, and parts of values.
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#include <cstring>

#include "bench/bench_values.hpp"
#include "bench/blocked_value.hpp"
#include "bench/report_stores.hpp"
#include "tools/cinch/bench_pairs.hpp"

namespace cinch::bench {

void report_memory(Report& report) {
  report.section("Raw values of 2 MiB in memory");
  const std::vector<std::byte>& value = values("random", 2u << 20).front();
  const auto bytes = static_cast<double>(value.size());
  std::vector<std::byte> to(value.size());
  const auto copy = [&] {
    std::memcpy(to.data(), value.data(), value.size());
    tool::keep(to.data());
  };
  const std::shared_ptr<KvStore> bare = memory_store("raw")->inner();
  set_and_check(report, *bare, "k", value);
  report.bytes(
      "bare get", "memcpy", bytes, [&] { (void)must_get(*bare, "k"); }, copy, 10.0);
  std::vector<std::byte> got(value.size());
  must_get_into(*bare, "k", got);
  compare(report, "k", got, value);
  report.bytes(
      "bare get_into", "memcpy", bytes, [&] { must_get_into(*bare, "k", to); }, copy, 0.9);
  volatile XXH64_hash_t hash = 0;
  const auto xxh3 = [&] {
    hash = XXH3_64bits(value.data(), value.size());  // by libxxhash's run-time dispatch
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx")) asm volatile("vzeroupper");  // Debian's does not, which slows down what follows
#endif
  };
  const auto always = memory_store("raw", 1, Verify::always);
  const auto first = memory_store("raw", 1, Verify::first_read);
  const auto never = memory_store("raw", 1, Verify::never);
  for (const auto& store : {always, first, never}) set_and_check(report, *store, "k", value);
  report.bytes(
      "get, verify = always", "XXH3 alone", bytes, [&] { (void)must_get(*always, "k"); }, xxh3, 0.9);
  report.bytes(
      "get, verify = first_read", "memcpy", bytes, [&] { (void)must_get(*first, "k"); }, copy, 10.0);
  report.bytes(
      "get, verify = never", "memcpy", bytes, [&] { (void)must_get(*never, "k"); }, copy, 10.0);

  report.section("A part of a value of 16 MiB in memory");
  const std::vector<std::byte>& large = values("json", 16u << 20).front();
  for (const std::string spec : {"lz4", "zstd:level=3"}) {
    const auto store = memory_store(spec);
    set_and_check(report, *store, "k", large);
    const std::unique_ptr<tool::LibraryCodec> library = make_library(spec);
    const std::size_t length = block_bytes_of(spec);
    BlockedValue block(*library, ByteView(large).subspan(20 * length, length), length);
    if (!block.is_right()) report.wrong(spec);
    std::vector<std::byte> part(length / 2);
    const std::size_t offset = 20 * length + 1000;
    must_get_range(*store, "k", offset, part);
    compare(report, "k", part, ByteView(large).subspan(offset, part.size()));
    report.bytes(
        spec + ", get_range within a block", "decoding that block", static_cast<double>(length),
        [&] { must_get_range(*store, "k", offset, part); }, [&] { block.decode(); }, 1 / 1.2);
  }
}

}  // namespace cinch::bench
