// codec list, plugin list.
#include "commands.hpp"
#include "json_writer.hpp"
#include "output.hpp"
#include "session.hpp"

namespace cinch::tool {
namespace {

Result<CodecRegistry> codecs_of(const Options& options) {
  const Result<StoreConfig> config = load_config(options);
  if (!config) return config.error();
  return load_codecs(options, *config);
}

std::string version_of(const ProviderInfo& info) {
  return std::to_string(info.major) + "." + std::to_string(info.minor);
}

std::string abilities(const CodecTraits& traits) {
  std::string text = traits.encodes ? traits.decodes ? "encode, decode" : "encode" : "decode";
  if (traits.lossy) text += ", lossy";
  if (traits.needs_shape) text += ", tensors only";
  return text;
}

void write_provider(JsonWriter& json, const ProviderInfo& info) {
  json.begin_object().field("format", info.format).field("version", version_of(info));
  json.field("implementation", info.implementation).field("origin", info.origin);
  json.field("encodes", info.traits.encodes).field("decodes", info.traits.decodes).field("lossy", info.traits.lossy);
  json.field("needs_shape", info.traits.needs_shape).field("target", info.target).end_object();
}

void write_report(JsonWriter& json, const PluginReport& report) {
  json.begin_object().field("path", report.path).field("id", report.plugin_id).field("version", report.version);
  json.name("formats").begin_array();
  for (const ProviderInfo& provider : report.providers) json.value(provider.format);
  json.end_array().field("loaded", report.refusal.empty());
  json.field("refusal", report.refusal).field("message", report.message).end_object();
}

std::string report_table(const std::vector<PluginReport>& reports, bool why) {
  std::vector<std::string> headings = {"plugin", "version", "formats", "state", "file"};
  if (why) headings.emplace_back("why");
  Table table(headings);
  for (const PluginReport& report : reports) {
    std::string formats;
    for (const ProviderInfo& provider : report.providers) formats += (formats.empty() ? "" : ", ") + provider.format;
    std::vector<std::string> row = {report.plugin_id.empty() ? "-" : report.plugin_id,
                                    report.version.empty() ? "-" : report.version, formats.empty() ? "-" : formats,
                                    report.refusal.empty() ? "loaded" : "refused: " + report.refusal, report.path};
    if (why) row.push_back(report.message);
    table.row(std::move(row));
  }
  return table.text();
}

}  // namespace

ExitStatus list_codecs(const Options& options) {
  const Result<CodecRegistry> codecs = codecs_of(options);
  if (!codecs) return fail(codecs.error());
  const std::vector<ProviderInfo> providers = codecs->providers();
  if (options.json) {
    JsonWriter json;
    json.begin_array();
    for (const ProviderInfo& info : providers) write_provider(json, info);
    return print(json.end_array().document());
  }
  Table table({"format", "version", "can", "target", "implementation", "from"});
  for (const ProviderInfo& info : providers) {
    table.row({info.format, version_of(info), abilities(info.traits), info.target.empty() ? "-" : info.target,
               info.implementation, info.origin});
  }
  return print(table.text());
}

ExitStatus list_plugins(const Options& options) {
  const Result<CodecRegistry> codecs = codecs_of(options);
  if (!codecs) return fail(codecs.error());
  if (!options.json) return print(report_table(codecs->reports(), options.why));
  JsonWriter json;
  json.begin_array();
  for (const PluginReport& report : codecs->reports()) write_report(json, report);
  return print(json.end_array().document());
}

}  // namespace cinch::tool
