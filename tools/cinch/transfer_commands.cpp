// import, export.
#include <chrono>

#include "cinch/keys.hpp"
#include "commands.hpp"
#include "files.hpp"
#include "interrupt.hpp"
#include "json_writer.hpp"
#include "output.hpp"
#include "safetensors.hpp"
#include "session.hpp"
#include "transfer.hpp"

namespace cinch::tool {

ExitStatus import_file(const Options& options) {
  note_interrupts();
  const Result<StoreToOpen> to_open = store_to_open(options, Access::create);
  if (!to_open) return fail(to_open.error());
  const Result<SafetensorsFile> file = SafetensorsFile::open(*options.file);
  if (!file) return fail(file.error());  // and no store was made
  const ImportOptions how{options.prefix, options.layout, options.quiet};
  const auto model = open_model(*to_open);
  const Status fits = model ? check_import(**model, *file, how) : model.error();
  if (!fits.ok()) return fail(fits);
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(*to_open);
  if (!store) return fail(store.error());
  const auto begin = std::chrono::steady_clock::now();
  const Result<ImportSummary> summary = import_tensors(**store, *file, how);
  if (!summary) return fail(summary.error());
  if (Status status = (*store)->close(); !status.ok()) return fail(status);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const ImportSummary::Part& total = summary->total();
  const double mb_per_s = static_cast<double>(total.raw_bytes) / 1e6 / seconds;
  const double ratio = ratio_of(total.raw_bytes, total.stored_bytes);
  if (options.json) {
    JsonWriter json;
    json.begin_object().field("file", *options.file).field("prefix", escape_key(options.prefix));
    json.field("tensors", total.tensors).field("raw_bytes", total.raw_bytes);
    json.field("stored_bytes", total.stored_bytes).field("ratio", ratio).field("mb_per_s", mb_per_s);
    write_loss(json, total.loss.report());
    summary->write(json);
    return print(json.end_object().document());
  }
  if (options.quiet) return ExitStatus::ok;
  return print("imported " + std::to_string(total.tensors) + " tensors: " + human_size(total.raw_bytes) + ", stored " +
               human_size(total.stored_bytes) + " (ratio " + fixed(ratio, 2) + "), " + fixed(mb_per_s, 0) + " MB/s\n" +
               (summary->has_news() ? "\n" + summary->table() : ""));
}

ExitStatus export_file(const Options& options) {
  note_interrupts();
  const std::string output = output_path(options.output);
  if (options.json && output == "-") {
    return fail({StatusCode::invalid_argument, "export: --json and a file on standard output do not go together"});
  }
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(options, Access::read);
  if (!store) return fail(store.error());
  const Result<ExportSummary> summary =
      export_tensors(**store, output, {options.prefix, options.present, options.quiet});
  if (!summary) return fail(summary.error());
  const ExportSummary& done = *summary;
  if (done.absent) {
    print_error(*done.absent + " is not in the store; nothing was exported");
    return ExitStatus::absent;
  }
  if (options.json) {
    JsonWriter json;
    json.begin_object().field("file", options.output).field("prefix", escape_key(options.prefix));
    json.field("tensors", done.tensors).field("raw_bytes", done.raw_bytes).field("left_out", done.left_out);
    return print(json.end_object().document());
  }
  if (options.quiet || output == "-") return ExitStatus::ok;
  std::string text = "exported " + std::to_string(done.tensors) + " tensors, " + human_size(done.raw_bytes) + '\n';
  if (done.left_out > 0) text += std::to_string(done.left_out) + " values without a shape were left out\n";
  return print(text);
}

}  // namespace cinch::tool
