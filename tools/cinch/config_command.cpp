// config check.
#include <algorithm>

#include "commands.hpp"
#include "json_writer.hpp"
#include "output.hpp"
#include "session.hpp"

namespace cinch::tool {

ExitStatus check_config_file(const Options& options) {
  Options named = options;
  named.config = options.file;
  const Result<StoreConfig> config = load_config(named);
  if (!config) return fail(config.error());
  const CodecRegistry codecs = open_codecs(*config);
  if (Status status = check_config(*config, bundled_backends(), codecs); !status.ok()) return fail(status);
  const std::vector<ConfigEntry> entries = describe_config(*config, bundled_backends(), codecs);
  if (options.json) {
    JsonWriter json;
    json.begin_array();
    for (const ConfigEntry& entry : entries) {
      json.begin_object()
          .field("key", entry.key)
          .field("value", entry.value)
          .field("origin", entry.origin)
          .end_object();
    }
    return print(json.end_array().document());
  }
  Table table({"key", "value", "from"});
  for (const ConfigEntry& entry : entries) table.row({entry.key, entry.value, entry.origin});
  return print(table.text());
}

}  // namespace cinch::tool
