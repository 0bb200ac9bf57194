#include "demo_runs.hpp"

#include <charconv>
#include <filesystem>

#include "child_process.hpp"
#include "commands.hpp"
#include "files.hpp"
#include "output.hpp"
#include "transfer.hpp"

namespace cinch::tool {
namespace {

namespace fs = std::filesystem;

constexpr double seconds_a_figure = 0.15;

double mbps(const Rate& rate) { return rate.gb_per_s() * 1000; }

/// How fast all values are set, over and over.
Result<double> set_mbps(CompressedKvStore& store, const Workload& values, double seconds) {
  const auto set = [&](unsigned, std::size_t i) {
    return store.set(values[i].name, ByteView(values[i].bytes), {.tensor = values[i].shape});
  };
  const Result<Rate> rate = measure(values, 1, seconds, set);
  if (!rate) return rate.error();
  return mbps(*rate);
}

/// How fast all values are got, over and over.
Result<double> get_mbps(CompressedKvStore& store, const Workload& values, const std::string& prefix, double seconds) {
  std::vector<std::string> keys;
  for (const WorkloadValue& value : values) keys.push_back(prefix + value.name);
  const auto get = [&](unsigned, std::size_t i) { return store.get(keys[i]).status(); };
  const Result<Rate> rate = measure(values, 1, seconds, get);
  if (!rate) return rate.error();
  return mbps(*rate);
}

}  // namespace

Result<DemoFigures> DemoRuns::run(const std::string& codec, const DemoData& data) const {
  DemoFigures figures;
  figures.codec = codec;
  Status status = run_memory(data, figures);
  if (status.ok() && !directory_.empty()) status = run_rocksdb(data, figures);
  if (!status.ok()) return status.in(codec);
  return figures;
}

Status DemoRuns::run_memory(const DemoData& data, DemoFigures& figures) const {
  const Result<std::shared_ptr<CompressedKvStore>> store = open_memory_store(config_, codecs_, figures.codec);
  if (!store) return store.error();
  const Result<double> set = set_mbps(**store, data.values, seconds_a_figure);
  Status status = set ? compare_all(**store, data.values, "") : set.error();
  if (!status.ok()) return status;
  const Result<double> get = get_mbps(**store, data.values, "", seconds_a_figure);
  if (!get) return get.error();
  const Result<Stored> takes = stored(**store, data.values);
  if (!takes) return takes.error();
  figures.memory_set_mbps = *set;
  figures.memory_get_mbps = *get;
  figures.ratio = ratio_of(total_bytes(data.values), takes->bytes);
  figures.fallen_back = takes->fallen_back;
  figures.loss = takes->loss;
  return (*store)->close();
}

Status DemoRuns::run_rocksdb(const DemoData& data, DemoFigures& figures) const {
  const std::string path = directory_ + "/run";
  std::error_code failed;
  fs::remove_all(path, failed);
  const Result<std::shared_ptr<CompressedKvStore>> store = open_rocksdb(path, figures.codec);
  if (!store) return store.error();
  const Result<double> set = set_mbps(**store, data.values, 0);
  Status status = set ? (*store)->close() : set.error();
  if (!status.ok()) return status;
  const Result<double> get = read_back_mbps(path, "", data);
  if (!get) return get.error();
  const Result<std::uint64_t> bytes = bytes_below(path);
  if (!bytes) return bytes.error();
  figures.rocksdb = DemoFigures::OnDisk{*set, *get, *bytes};
  fs::remove_all(path, failed);
  return {};
}

Status DemoRuns::fill(const std::string& path, const std::string& codec, const DemoData& tensors,
                      const DemoData& documents) const {
  const Result<SafetensorsFile> file = SafetensorsFile::open(tensors.file);
  if (!file) return file.error();
  const Result<std::shared_ptr<CompressedKvStore>> store = open_rocksdb(path, codec);
  if (!store) return store.error();
  const ImportOptions how{"kv/", options_.layout, true};
  Status status = check_import(**store, *file, how);
  if (status.ok()) status = import_tensors(**store, *file, how).status();
  if (status.ok()) status = set_all(**store, documents.values, "json/");
  if (status.ok()) status = (*store)->close();
  if (!status.ok()) return status;
  if (const auto read = read_back_mbps(path, "kv/", tensors); !read) return read.error();
  return read_back_mbps(path, "json/", documents).status();
}

Result<std::shared_ptr<CompressedKvStore>> DemoRuns::open_rocksdb(const std::string& path,
                                                                  const std::string& codec) const {
  Result<StoreConfig> config = StoreConfig::from_url("rocksdb:" + path);
  if (!config) return config.error();
  config->codec = codec;
  config->compressed = config_.compressed;
  config->threads = 1;
  return cinch::open_store(*config, bundled_backends(), codecs_);
}

Result<double> DemoRuns::read_back_mbps(const std::string& path, const std::string& prefix,
                                        const DemoData& data) const {
  std::vector<std::string> arguments = {"--store",   "rocksdb:" + path,         "demo-check", "--prefix", prefix,
                                        "--seconds", fixed(seconds_a_figure, 3)};
  for (const std::string& directory : options_.plugins) arguments.insert(arguments.end(), {"--plugins", directory});
  arguments.insert(arguments.end(), {"--", data.file});
  const Result<std::string> printed = run_self(arguments);
  if (!printed) return printed.error();
  double figure = 0;
  std::from_chars(printed->data(), printed->data() + printed->size(), figure);
  return figure;
}

ExitStatus check_demo_store(const Options& options) {
  const Result<Workload> values = options.file->empty() ? make_documents() : load_tensors(*options.file);
  if (!values) return fail(values.error());
  Result<StoreConfig> config = load_config(options);
  if (!config) return fail(config.error());
  config->codec = "raw";  // to read takes the codecs of what is stored, and no other
  config->threads = 1;    // as in memory, so that the two can be compared
  config->settings.set("read_only", true);
  const Result<std::shared_ptr<CompressedKvStore>> store = cinch::open_store(*config);
  if (!store) return fail(store.error());
  if (Status status = compare_all(**store, *values, options.prefix); !status.ok()) return fail(status);
  const Result<double> get = get_mbps(**store, *values, options.prefix, options.seconds);
  return get ? print(fixed(*get, 3) + "\n") : fail(get.error());
}

}  // namespace cinch::tool
