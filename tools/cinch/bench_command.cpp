// bench: codecs on the values of a file, through a store in memory, beside the plain library and memcpy.
#include <algorithm>
#include <cstring>

#include "bench_library.hpp"
#include "bench_pairs.hpp"
#include "commands.hpp"
#include "json_writer.hpp"
#include "loss.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "session.hpp"
#include "workload.hpp"

namespace cinch::tool {
namespace {

constexpr int pairs = 5;

struct BenchResult {
  std::string codec;
  std::uint64_t fallen_back = 0;
  double ratio = 1;
  std::optional<LossReport> loss;
  double encode_gbps = 0;
  double decode_gbps = 0;
  double memcpy_gbps = 0;
  std::optional<double> library_encode_gbps;
  std::optional<double> library_decode_gbps;
};

std::size_t largest(const Workload& values) {
  return std::ranges::max_element(values, {}, [](const WorkloadValue& value) { return value.bytes.size(); })
      ->bytes.size();
}

/// The plain library on all values: their encoded bytes, and contexts and buffers of each thread.
class LibraryBench {
 public:
  LibraryBench(const FormatId& format, const Workload& values, unsigned threads) : values_(values) {
    for (unsigned i = 0; i < threads; ++i) codecs_.push_back(library_codec(format));
    if (!exists()) return;
    room_.assign(threads, std::vector<std::byte>(codecs_[0]->bound(largest(values))));
    for (const WorkloadValue& value : values) {
      const std::size_t length = codecs_[0]->compress(value.bytes, room_[0]);
      encoded_.emplace_back(room_[0].begin(), room_[0].begin() + static_cast<std::ptrdiff_t>(length));
    }
  }

  bool exists() const noexcept { return codecs_[0] != nullptr; }

  Status encode(unsigned thread, std::size_t i) {
    return expect(codecs_[thread]->compress(values_[i].bytes, room_[thread]) == encoded_[i].size(), i);
  }

  Status decode(unsigned thread, std::size_t i) {
    const MutableBytes to(room_[thread].data(), values_[i].bytes.size());
    return expect(codecs_[thread]->decompress(encoded_[i], to) == to.size(), i);
  }

 private:
  Status expect(bool right, std::size_t i) const {
    return right ? Status() : Status(StatusCode::codec_failed, "the plain library failed on " + values_[i].name);
  }

  const Workload& values_;
  std::vector<std::unique_ptr<LibraryCodec>> codecs_;  // one for each thread, as is room_
  std::vector<std::vector<std::byte>> room_;
  std::vector<std::vector<std::byte>> encoded_;
};

Result<BenchResult> bench_codec(const std::string& spec, const Workload& values, CompressedKvStore& store,
                                const Options& options) {
  if (Status status = set_all(store, values, ""); !status.ok()) return status;
  if (Status status = compare_all(store, values, ""); !status.ok()) return status;
  const Result<Stored> takes = stored(store, values);
  if (!takes) return takes.error();

  std::vector<std::vector<std::byte>> copies(options.threads, std::vector<std::byte>(largest(values)));
  LibraryBench library(store.codec()->format(), values, options.threads);
  Status status;
  const auto rate_of = [&](const std::function<Status(unsigned, std::size_t)>& work) {
    return [&, work] {
      if (!status.ok()) return 0.0;
      const Result<Rate> rate = measure(values, options.threads, options.seconds / pairs, work);
      status = rate.status();
      return rate ? rate->gb_per_s() : 0.0;
    };
  };
  const auto encode = rate_of([&](unsigned, std::size_t i) {
    return store.set(values[i].name, ByteView(values[i].bytes), {.tensor = values[i].shape});
  });
  const auto decode = rate_of([&](unsigned, std::size_t i) { return store.get(values[i].name).status(); });
  const auto copy = rate_of([&](unsigned thread, std::size_t i) {
    std::memcpy(copies[thread].data(), values[i].bytes.data(), values[i].bytes.size());
    keep(copies[thread].data());
    return Status();
  });
  BenchResult result;
  result.codec = spec;
  result.fallen_back = takes->fallen_back;
  result.ratio = ratio_of(total_bytes(values), takes->bytes);
  result.loss = takes->loss;
  const PairedRates beside_copy = measure_in_turns(pairs, decode, copy);
  result.decode_gbps = beside_copy.own;
  result.memcpy_gbps = beside_copy.other;
  if (library.exists()) {
    const PairedRates encoding =
        measure_in_turns(pairs, encode, rate_of([&](unsigned t, std::size_t i) { return library.encode(t, i); }));
    const PairedRates decoding =
        measure_in_turns(pairs, decode, rate_of([&](unsigned t, std::size_t i) { return library.decode(t, i); }));
    result.encode_gbps = encoding.own;
    result.library_encode_gbps = encoding.other;
    result.decode_gbps = decoding.own;
    result.library_decode_gbps = decoding.other;
  } else {
    result.encode_gbps = measure_in_turns(pairs, encode, copy).own;
  }
  if (!status.ok()) return status;
  return result;
}

std::string bench_report(const Options& options, const std::vector<BenchResult>& results) {
  if (!options.json) {
    std::vector<std::string> headings = {"codec",        ">threads",     ">ratio",          ">encode GB/s",
                                         ">decode GB/s", ">memcpy GB/s", ">library encode", ">library decode"};
    headings.insert(headings.begin() + 3, loss_headings.begin(), loss_headings.end());
    Table table(headings);
    const auto speed = [](const std::optional<double>& gbps) { return gbps ? fixed(*gbps, 2) : std::string("-"); };
    for (const BenchResult& result : results) {
      const std::vector<std::string> loss = loss_cells(result.loss);
      const std::string left = result.fallen_back > 0 ? " (" + std::to_string(result.fallen_back) + " fell back)" : "";
      table.row({result.codec + left, std::to_string(options.threads), fixed(result.ratio, 3), loss[0], loss[1],
                 loss[2], speed(result.encode_gbps), speed(result.decode_gbps), speed(result.memcpy_gbps),
                 speed(result.library_encode_gbps), speed(result.library_decode_gbps)});
    }
    return table.text();
  }
  JsonWriter json;
  json.begin_array();
  for (const BenchResult& result : results) {
    json.begin_object().field("codec", result.codec).field("threads", std::uint64_t{options.threads});
    json.field("fallen_back", result.fallen_back);
    json.field("ratio", result.ratio).field("encode_gbps", result.encode_gbps);
    write_loss(json, result.loss);
    json.field("decode_gbps", result.decode_gbps).field("memcpy_gbps", result.memcpy_gbps);
    json.field("library_encode_gbps", result.library_encode_gbps);
    json.field("library_decode_gbps", result.library_decode_gbps).end_object();
  }
  return json.end_array().document();
}

std::vector<std::string> default_codecs(const Workload& values) {
  std::vector<std::string> specs = {"raw", "lz4", "zstd:level=1", "zstd:level=3"};
  const bool are_tensors =
      std::ranges::any_of(values, [](const WorkloadValue& value) { return value.shape.has_value(); });
  if (are_tensors) specs.insert(specs.end(), {"tensor", "quant:error=0.1"});
  return specs;
}

}  // namespace

ExitStatus run_bench(const Options& options) {
  const Result<StoreConfig> config = load_config(options);
  if (!config) return fail(config.error());
  const Result<CodecRegistry> codecs = load_codecs(options, *config);
  if (!codecs) return fail(codecs.error());
  const Result<Workload> values = load_values(*options.file, options.layout);
  if (!values) return fail(values.error());
  const bool shows_progress = Progress::is_shown(options.quiet);
  const std::vector<std::string> specs = options.codecs.empty() ? default_codecs(*values) : options.codecs;
  std::vector<BenchResult> results;
  for (const std::string& spec : specs) {
    if (shows_progress) print_error("measuring " + spec + " ...");
    Result<std::shared_ptr<CompressedKvStore>> store = open_memory_store(*config, *codecs, spec);
    if (!store) return fail(store.error());
    Result<BenchResult> result = bench_codec(spec, *values, **store, options);
    if (!result && options.codecs.empty() && result.error().code() == StatusCode::invalid_argument) {
      // Nobody named it, and it needs to know more of these tensors than the file says.
      print_error("left out: " + std::string(result.error().in(spec).message()));
      continue;
    }
    if (!result) return fail(result.error().in(spec));
    results.push_back(std::move(*result));
  }
  return print(bench_report(options, results));
}

}  // namespace cinch::tool
