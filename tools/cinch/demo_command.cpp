// demo: real KV-cache tensors and JSON documents through the codecs, into memory and RocksDB, and back.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "child_process.hpp"
#include "commands.hpp"
#include "demo_runs.hpp"
#include "files.hpp"
#include "json_writer.hpp"
#include "loss.hpp"
#include "output.hpp"

namespace cinch::tool {
namespace {

namespace fs = std::filesystem;

constexpr const char* directory_name = "cinch-demo";
constexpr const char* marker_name = "made-by-cinch-demo";

struct Report {
  DemoData tensors;
  DemoData documents;
  std::vector<DemoFigures> tensor_figures;
  std::vector<DemoFigures> document_figures;
  std::string store;                  // the one that stays; empty: none
  std::vector<std::string> left_out;  // why a codec is not shown, a line each
  std::vector<std::string> next;      // commands to go on with
};

/// The sample that is installed with the program.
Result<std::string> sample_path() {
  const Result<std::string> program = own_path();
  if (!program) return program;
  const fs::path path = fs::path(*program).parent_path() / CINCH_DATA_FROM_BIN / "kv-sample.safetensors";
  return path.lexically_normal().string();
}

/// An empty directory of that name, with our mark in it. One that carries the mark is replaced, another is not.
Status prepare_directory(const fs::path& path) {
  std::error_code failed;
  const bool exists = fs::exists(path, failed);
  const bool is_empty = exists && fs::is_directory(path, failed) && fs::is_empty(path, failed);
  if (exists && !is_empty && !fs::exists(path / marker_name, failed)) {
    return {StatusCode::io_error, path.string() + ": is there and was not made by the demo; move it or run elsewhere"};
  }
  if (exists) fs::remove_all(path, failed);
  if (!failed) fs::create_directory(path, failed);
  std::ofstream mark(path / marker_name);
  mark << "cinch demo made this directory and will replace it.\n";
  mark.close();
  if (failed || !mark) return {StatusCode::io_error, path.string() + ": cannot be made, is the place writable?"};
  return {};
}

std::vector<std::string> commands_to_go_on(const std::string& program, const Report& report) {
  const std::string cinch = shell_word(program);
  if (report.store.empty()) {
    return {cinch + " codec list", cinch + " plugin list", cinch + " bench --input " + shell_word(report.tensors.file)};
  }
  const std::string with_store = cinch + " --store " + shell_word("rocksdb:" + report.store);
  return {with_store + " stat", with_store + " verify", with_store + " export kv-copy.safetensors --prefix kv/"};
}

/// "lz4 gains nothing, zstd:level=1 saves 21 %"
std::string gains(const std::vector<DemoFigures>& figures) {
  std::string text;
  for (const DemoFigures& one : figures) {
    if (one.codec == "raw") continue;
    const double saved = 100 * (1 - 1 / one.ratio);
    text +=
        (text.empty() ? "" : ", ") + one.codec + (saved < 1 ? " gains nothing" : " saves " + fixed(saved, 0) + " %");
  }
  return text.empty() ? "nothing is compressed" : text;
}

/// What the numbers mean, as far as they say it.
std::string meaning(const Report& report) {
  const auto weak = [](const DemoFigures& one) { return one.codec != "raw" && one.ratio < 1.05; };
  std::string text =
      "On these tensors " + gains(report.tensor_figures) + "; on the documents " + gains(report.document_figures);
  if (std::ranges::any_of(report.tensor_figures, weak)) {
    text +=
        ": text repeats itself, the low bits of floating-point numbers hardly do, and a codec that looks for "
        "repeated bytes alone costs time there and saves next to nothing";
  }
  return text + ".\n";
}

std::string figures_table(const std::vector<DemoFigures>& figures) {
  std::vector<std::string> headings = {"codec", ">ratio"};
  const bool is_lossy = std::ranges::any_of(figures, [](const DemoFigures& one) { return one.loss.has_value(); });
  if (is_lossy) headings.insert(headings.end(), loss_headings.begin(), loss_headings.end());
  headings.insert(headings.end(), {">memory set MB/s", ">get MB/s"});
  const bool on_disk = !figures.empty() && figures.front().rocksdb;
  if (on_disk) headings.insert(headings.end(), {">RocksDB set MB/s", ">get MB/s", ">on disk"});
  Table table(headings);
  for (const DemoFigures& one : figures) {
    std::vector<std::string> row = {one.codec, fixed(one.ratio, 2)};
    for (std::string& cell : loss_cells(one.loss)) {
      if (is_lossy) row.push_back(std::move(cell));
    }
    row.insert(row.end(), {fixed(one.memory_set_mbps, 0), fixed(one.memory_get_mbps, 0)});
    if (one.rocksdb) {
      row.insert(row.end(),
                 {fixed(one.rocksdb->set_mbps, 0), fixed(one.rocksdb->get_mbps, 0), human_size(one.rocksdb->bytes)});
    }
    table.row(std::move(row));
  }
  return table.text();
}

std::string came_back(const Report& report) {
  std::string lossy;
  for (const DemoFigures& one : report.tensor_figures) {
    if (one.loss) lossy += (lossy.empty() ? "" : ", ") + one.codec;
  }
  std::string text = "Every value came back bit for bit";
  if (!report.store.empty()) text += ", from RocksDB in a new process";
  if (!lossy.empty()) {
    text += ",\nbut for those of " + lossy +
            ": the columns say how far they are, as root mean square relative to the "
            "value,\nthe same of the worst row (a token of a head), and the largest change of a number";
  }
  return text + (report.store.empty() ? ". This build has no RocksDB: nothing was written to disk.\n" : ".\n");
}

std::string text_report(const Report& report) {
  const auto title = [](const std::string& what, const DemoData& data) {
    return std::to_string(data.values.size()) + " " + what + ", " + human_size(total_bytes(data.values));
  };
  std::string text = title("tensors of " + report.tensors.file, report.tensors) + "\n\n" +
                     figures_table(report.tensor_figures) + "\n" + title("JSON documents", report.documents) + "\n\n" +
                     figures_table(report.document_figures) + "\n";
  text += came_back(report);
  for (const std::string& line : report.left_out) text += line + "\n";
  text += "One thread; MB are 10^6 bytes of raw data; RocksDB was set once and got from the page cache.\n\n";
  text += meaning(report);
  text += report.store.empty() ? "\nGo on with\n" : "\nThe store " + report.store + " stays. Go on with\n";
  for (const std::string& command : report.next) text += "  " + command + "\n";
  return text;
}

void write_figures(JsonWriter& json, std::string_view name, const DemoData& data,
                   const std::vector<DemoFigures>& figures) {
  json.name(name).begin_object().field("values", std::uint64_t{data.values.size()});
  json.field("raw_bytes", total_bytes(data.values)).name("codecs").begin_array();
  for (const DemoFigures& one : figures) {
    json.begin_object().field("codec", one.codec).field("ratio", one.ratio);
    write_loss(json, one.loss);
    json.field("memory_set_mbps", one.memory_set_mbps).field("memory_get_mbps", one.memory_get_mbps);
    if (one.rocksdb) {
      json.field("rocksdb_set_mbps", one.rocksdb->set_mbps).field("rocksdb_get_mbps", one.rocksdb->get_mbps);
      json.field("disk_bytes", one.rocksdb->bytes);
    }
    json.end_object();
  }
  json.end_array().end_object();
}

std::string json_report(const Report& report) {
  JsonWriter json;
  json.begin_object().field("file", report.tensors.file);
  write_figures(json, "tensors", report.tensors, report.tensor_figures);
  write_figures(json, "documents", report.documents, report.document_figures);
  report.store.empty() ? json.name("store").null() : json.field("store", report.store);
  return json.field("next", report.next).end_object().document();
}

/// The bundled codecs; those for tensors where they are installed and have all that they need to know of these tensors.
std::vector<std::string> specs_to_show(const CodecRegistry& codecs, Report& report) {
  std::vector<std::string> specs = {"raw", "lz4", "zstd:level=1", "zstd:level=9"};
  for (const std::string spec : {"tensor", "quant:error=0.1"}) {
    const Result<std::shared_ptr<const Codec>> codec = codecs.codec(spec);
    if (!codec) continue;
    const auto asks = [&codec](const WorkloadValue& value) {
      const Status status = (*codec)->bound(value.bytes.size(), value.shape ? &*value.shape : nullptr).status();
      return status.code() == StatusCode::invalid_argument ? status : Status();
    };
    const auto found =
        std::ranges::find_if(report.tensors.values, [&](const auto& value) { return !asks(value).ok(); });
    if (found == report.tensors.values.end()) {
      specs.push_back(spec);
    } else {
      report.left_out.push_back(spec + " is left out: " + found->name + ": " + std::string(asks(*found).message()));
    }
  }
  return specs;
}

Status load_data(const Options& options, Report& report) {
  const Result<std::string> sample = sample_path();
  if (!sample) return sample.error();
  const Result<std::string> file = options.file ? absolute_path(*options.file) : sample;
  if (!file) return file.error();
  report.tensors.file = *file;
  Result<Workload> tensors = load_tensors(report.tensors.file, options.layout);
  if (!tensors) return tensors.error();
  report.tensors.values = std::move(*tensors);
  report.documents.values = make_documents();
  return {};
}

Status run_all(const Options& options, Report& report) {
  Result<StoreConfig> config = load_config(options);
  if (!config) return config.error();
  Result<CodecRegistry> codecs = load_codecs(options, *config);
  if (!codecs) return codecs.error();
  const Result<std::string> program = own_path();
  if (!program) return program.error();
  if (Status status = load_data(options, report); !status.ok()) return status;

  const BackendRegistry backends = bundled_backends();
  const std::vector<std::string_view> names = backends.names();
  const bool has_rocksdb = std::ranges::find(names, "rocksdb") != names.end();
  const std::vector<std::string> specs = options.codecs.empty() ? specs_to_show(*codecs, report) : options.codecs;
  for (const std::string& spec : specs) {
    if (const auto codec = codecs->codec(spec); !codec) return codec.error();
  }
  const Result<std::string> directory = has_rocksdb ? absolute_path(directory_name) : std::string();
  if (!directory) return directory.error();
  if (has_rocksdb) {
    if (Status status = prepare_directory(*directory); !status.ok()) return status;
  }
  const DemoRuns runs(options, std::move(*config), std::move(*codecs), *directory);
  for (const std::string& spec : specs) {
    Result<DemoFigures> tensors = runs.run(spec, report.tensors);
    if (!tensors) return tensors.error();
    report.tensor_figures.push_back(std::move(*tensors));
    if (report.tensor_figures.back().loss) continue;  // text is nothing to change
    Result<DemoFigures> documents = runs.run(spec, report.documents);
    if (!documents) return documents.error();
    if (documents->fallen_back == report.documents.values.size()) continue;  // they would be another codec's figures
    report.document_figures.push_back(std::move(*documents));
  }
  if (has_rocksdb) {
    report.store = *directory + "/store";
    // What stays loses nothing, unless nothing else was asked for.
    const auto keeps = [](const DemoFigures& one) { return one.loss ? 0 : one.ratio; };
    const std::string& best = std::ranges::max_element(report.tensor_figures, {}, keeps)->codec;
    if (Status status = runs.fill(report.store, best, report.tensors, report.documents); !status.ok()) return status;
  }
  report.next = commands_to_go_on(*program, report);
  return {};
}

}  // namespace

ExitStatus run_demo(const Options& options) {
  Report report;
  if (Status status = run_all(options, report); !status.ok()) return fail(status);
  return print(options.json ? json_report(report) : text_report(report));
}

}  // namespace cinch::tool
