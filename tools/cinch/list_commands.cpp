// ls, stat.
#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <map>

#include "cinch/keys.hpp"
#include "commands.hpp"
#include "json_writer.hpp"
#include "loss.hpp"
#include "output.hpp"
#include "session.hpp"
#include "sidecar.hpp"
#include "value_json.hpp"
#include "walk.hpp"

namespace cinch::tool {
namespace {

struct Totals {
  std::uint64_t values = 0;
  std::uint64_t raw_bytes = 0;
  std::uint64_t stored_bytes = 0;

  void add(const FrameInfo& info) {
    ++values;
    raw_bytes += info.decoded_bytes;
    stored_bytes += info.stored_bytes;
  }
  double ratio() const noexcept { return ratio_of(raw_bytes, stored_bytes); }
};

/// Lower bounds, in raw bytes, of the size classes of `stat --long`.
constexpr std::array<std::uint64_t, 5> size_classes = {0, 4 << 10, 64 << 10, 1 << 20, 16 << 20};

std::uint64_t size_class(std::uint64_t raw_bytes) {
  return *std::prev(std::ranges::upper_bound(size_classes, raw_bytes));
}

using TotalsByClass = std::map<std::pair<std::string, std::uint64_t>, Totals>;

std::string shape_text(const TensorShape& shape) {
  const std::string axis = shape.token_axis ? ", tokens in " + std::to_string(*shape.token_axis) : "";
  return to_string(shape) + axis;
}

std::string time_text(std::int64_t milliseconds) {
  const std::time_t seconds = milliseconds / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &utc);
  return {text.data(), length};
}

std::string spec_text(const FrameInfo& info) {
  const std::string spec = escape_key(info.format.spec());  // a frame from elsewhere may hold anything
  const bool is_raw = info.stored_raw && info.format.name != "raw";
  return is_raw ? "raw (" + spec + " did not pay)" : spec;
}

ExitStatus stat_one(const Options& options, CompressedKvStore& store) {
  const std::string& key = *options.key;
  const Result<std::optional<FrameInfo>> found = store.inspect(key);
  if (!found) return fail(about_key(found.error(), key));
  if (!*found) return fail_absent(key);
  const FrameInfo& info = **found;
  if (options.json) {
    JsonWriter json;
    json.begin_object();
    write_info(json, key, info);
    return print(json.end_object().document());
  }
  std::string text;
  const auto line = [&](const char* name, const std::string& content) {
    text += name + std::string(12 - std::strlen(name), ' ') + content + '\n';
  };
  line("key", escape_key(key));
  line("format", spec_text(info));
  line("raw", human_size(info.decoded_bytes) + " (" + std::to_string(info.decoded_bytes) + " bytes)");
  line("stored", human_size(info.stored_bytes) + " (" + std::to_string(info.stored_bytes) + " bytes)");
  line("ratio", fixed(ratio_of(info.decoded_bytes, info.stored_bytes), 2));
  if (info.shape) line("tensor", shape_text(*info.shape));
  if (!info.annotation.empty()) line("annotation", escape_key(info.annotation));
  if (info.loss) {
    const std::vector<std::string> cells = loss_cells(info.loss);
    line("loss", "relative error " + cells[0] + ", of the worst row " + cells[1] + ", largest absolute " + cells[2]);
  } else if (info.lossy_origin) {
    line("loss", "some, unknown how much");
  }
  if (info.expires_at_ms != 0) line("expires", time_text(info.expires_at_ms));
  return print(text);
}

void write_classes(JsonWriter& json, const TotalsByClass& classes) {
  json.name("classes").begin_array();
  for (const auto& [name, totals] : classes) {
    json.begin_object().field("format", name.first).field("from_bytes", name.second).field("values", totals.values);
    write_sizes(json, totals.raw_bytes, totals.stored_bytes);
    json.end_object();
  }
  json.end_array();
}

ExitStatus print_totals(const Options& options, const Totals& all, const std::map<std::string, Totals>& formats,
                        const TotalsByClass& classes) {
  if (options.json) {
    JsonWriter json;
    json.begin_object().field("values", all.values);
    write_sizes(json, all.raw_bytes, all.stored_bytes);
    json.field("ratio", all.ratio()).name("formats").begin_object();
    for (const auto& [name, totals] : formats) {
      json.name(name).begin_object().field("values", totals.values);
      write_sizes(json, totals.raw_bytes, totals.stored_bytes);
      json.end_object();
    }
    json.end_object();
    if (options.long_list) write_classes(json, classes);
    return print(json.end_object().document());
  }
  const auto cells = [&](std::vector<std::string> names, const Totals& totals) {
    for (const std::string& cell : {std::to_string(totals.values), human_size(totals.raw_bytes),
                                    human_size(totals.stored_bytes), fixed(totals.ratio(), 2)}) {
      names.push_back(cell);
    }
    return names;
  };
  if (options.long_list) {
    Table table({"format", ">from", ">values", ">raw", ">stored", ">ratio"});
    for (const auto& [name, totals] : classes) table.row(cells({name.first, human_size(name.second)}, totals));
    table.row(cells({"all", ""}, all));
    return print(table.text());
  }
  Table table({"format", ">values", ">raw", ">stored", ">ratio"});
  for (const auto& [name, totals] : formats) table.row(cells({name}, totals));
  table.row(cells({"all"}, all));
  return print(table.text());
}

}  // namespace

ExitStatus list_keys(const Options& options) {
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(options, Access::read);
  if (!store) return fail(store.error());
  ExitStatus worst = ExitStatus::ok;
  JsonWriter json;
  json.begin_array();
  std::string lines;
  std::vector<std::string> headings = {"key", "format", ">raw", ">stored", ">ratio", "tensor", "expires"};
  headings.insert(headings.begin() + 5, loss_headings.begin(), loss_headings.end());
  Table table(headings);
  const auto visit = [&](const std::string& key) -> Status {
    if (is_sidecar(key)) return {};
    if (!options.long_list) {
      options.json ? (void)json.value(escape_key(key)) : (void)lines.append(escape_key(key) + '\n');
      return {};
    }
    const Result<std::optional<FrameInfo>> found = (*store)->inspect(key);
    if (!found) {
      worst = graver(worst, fail(about_key(found.error(), key)));
      return {};
    }
    if (!*found) return {};  // gone since it was listed
    const FrameInfo& info = **found;
    if (options.json) {
      json.begin_object();
      write_info(json, key, info);
      json.end_object();
      return {};
    }
    const std::vector<std::string> loss = loss_cells(info.loss);
    table.row({escape_key(key), escape_key(info.effective_format()), human_size(info.decoded_bytes),
               human_size(info.stored_bytes), fixed(ratio_of(info.decoded_bytes, info.stored_bytes), 2), loss[0],
               loss[1], loss[2], info.shape ? to_string(*info.shape) : "",
               info.expires_at_ms != 0 ? time_text(info.expires_at_ms) : ""});
    return {};
  };
  if (Status status = visit_keys(**store, options.prefix, options.from, visit); !status.ok()) {
    worst = graver(worst, fail(status));
  }
  const std::string text = options.json ? json.end_array().document() : options.long_list ? table.text() : lines;
  const ExitStatus printed = print(text);
  return printed == ExitStatus::ok ? worst : printed;
}

ExitStatus show_stat(const Options& options) {
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(options, Access::read);
  if (!store) return fail(store.error());
  if (options.key) return stat_one(options, **store);
  ExitStatus worst = ExitStatus::ok;
  Totals all;
  std::map<std::string, Totals> formats;
  TotalsByClass classes;
  const auto visit = [&](const std::string& key) -> Status {
    if (is_sidecar(key)) return {};
    const Result<std::optional<FrameInfo>> info = (*store)->inspect(key);
    if (!info) {
      worst = graver(worst, fail(about_key(info.error(), key)));
    } else if (*info) {
      all.add(**info);
      const std::string format((*info)->effective_format());
      formats[format].add(**info);
      classes[{format, size_class((*info)->decoded_bytes)}].add(**info);
    }
    return {};
  };
  if (Status status = visit_keys(**store, "", {}, visit); !status.ok()) worst = graver(worst, fail(status));
  const ExitStatus printed = print_totals(options, all, formats, classes);
  return printed == ExitStatus::ok ? worst : printed;
}

}  // namespace cinch::tool
