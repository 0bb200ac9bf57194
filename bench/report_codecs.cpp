// One thread, 2 MiB: CompressedKvStore over memory beside the plain library on the same blocks.
#include "bench/bench_values.hpp"
#include "bench/blocked_value.hpp"
#include "bench/report_stores.hpp"

namespace cinch::bench {
namespace {

void codec_rows(Report& report, const std::string& spec, std::string_view content, double set_goal, double get_goal) {
  const std::vector<std::byte>& value = values(content, 2u << 20).front();
  const std::string name = spec + ", " + std::string(content) + ", ";
  const std::unique_ptr<tool::LibraryCodec> library = make_library(spec);
  BlockedValue blocked(*library, value, block_bytes_of(spec));
  BlockedValue whole(*library, value, value.size());
  if (!blocked.is_right() || !whole.is_right()) report.wrong("the plain library of " + spec);
  const auto store = memory_store(spec);
  set_and_check(report, *store, "k", value);
  const auto bytes = static_cast<double>(value.size());
  report.bytes(
      name + "set", "library", bytes, [&] { require(store->set("k", value)); }, [&] { blocked.encode(); }, set_goal);
  report.bytes(
      name + "get", "library", bytes, [&] { (void)must_get(*store, "k"); }, [&] { blocked.decode(); }, get_goal);
  const auto stored = static_cast<double>(store->inspect("k").value()->stored_bytes);
  report.value(name + "ratio", "library, one block", "", bytes / stored,
               bytes / static_cast<double>(whole.encoded_bytes()), {}, true);
}

}  // namespace

void report_codecs(Report& report) {
  report.section("Codecs over memory, one thread, 2 MiB");
  for (const char* content : {"json", "text"}) {
    codec_rows(report, "lz4", content, 0.93, 0.88);
    for (const char* level : {"-1", "1", "3"}) {
      codec_rows(report, std::string("zstd:level=") + level, content, 0.97, 0.93);
    }
  }
  report.section("What does not compress, 2 MiB");
  for (const char* content : {"random", "tensor"}) {
    const std::vector<std::vector<std::byte>>& all = values(content, 2u << 20);
    const auto lz4 = memory_store("lz4");
    const auto raw = memory_store("raw");
    for (const std::vector<std::byte>& value : all) {
      set_and_check(report, *lz4, "k", value);
      set_and_check(report, *raw, "k", value);
    }
    std::size_t lz4_next = 0;
    std::size_t raw_next = 0;
    report.bytes(
        std::string(content) + " under lz4, set", "set of raw", static_cast<double>(all.front().size()),
        [&] { require(lz4->set("k", all[lz4_next++ % all.size()])); },
        [&] { require(raw->set("k", all[raw_next++ % all.size()])); }, 1 / 1.3);
  }
  const std::vector<std::byte>& noise = values("random", 2u << 20).front();
  for (const std::string spec : {"zstd:level=3", "zstd:level=9", "lz4:hc=9"}) {
    const std::unique_ptr<tool::LibraryCodec> library = make_library(spec);
    BlockedValue blocked(*library, noise, block_bytes_of(spec));
    if (!blocked.is_right()) report.wrong("the plain library of " + spec);
    const auto store = memory_store(spec);
    set_and_check(report, *store, "k", noise);
    report.bytes(
        "random under " + spec + ", set", "library", static_cast<double>(noise.size()),
        [&] { require(store->set("k", noise)); }, [&] { blocked.encode(); });
  }
}

}  // namespace cinch::bench
