#include "cinch/store_config.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace cinch {
namespace {

/// Reads tables of one TOML document and collects what is wrong with them, a line each.
class ConfigReader {
 public:
  explicit ConfigReader(std::string_view name) : name_(name) {}

  void fail(const toml::node& where, std::string_view path, std::string_view message) {
    errors_ += (errors_.empty() ? "" : "\n") + name_ + ":" + std::to_string(where.source().begin.line) + ": " +
               std::string(path) + ": " + std::string(message);
  }

  void fail(const toml::node& where, std::string_view path, const Status& status) {
    // What Settings says starts with the last part of the path.
    const std::string_view message = status.message();
    const std::size_t colon = message.find(": ");
    fail(where, path, colon == std::string_view::npos ? message : message.substr(colon + 2));
  }

  /// A table as settings; entries that are neither text, integer nor boolean are errors, tables are left out.
  Settings settings(const toml::table& table, const std::string& path) {
    Settings settings;
    for (const auto& [key, node] : table) {
      if (node.is_table() || node.is_array()) continue;
      const std::string name(key.str());
      if (const auto text = node.value_exact<std::string>()) {
        settings.set(name, *text);
      } else if (const auto number = node.value_exact<std::int64_t>()) {
        settings.set(name, *number);
      } else if (const auto boolean = node.value_exact<bool>()) {
        settings.set(name, *boolean);
      } else {
        fail(node, path + name, "expected text, an integer or a boolean");
      }
    }
    return settings;
  }

  /// Errors for keys of `table` that are not `known`.
  void only(const toml::table& table, const std::string& path, std::initializer_list<std::string_view> known) {
    for (const auto& [key, node] : table) {
      Settings one{{std::string(key.str()), true}};
      if (Status status = one.only(known); !status.ok()) fail(node, path + std::string(key.str()), status);
    }
  }

  /// Stores what `read` answers, or its error.
  template <class T, class To>
  void take(const toml::table& table, const std::string& path, std::string_view key, Result<T> read, To& to) {
    if (!table.contains(key)) return;
    if (read) {
      to = std::move(*read);
    } else {
      fail(*table.get(key), path + std::string(key), read.error());
    }
  }

  /// The table at `key`; null when it is absent or, with an error, something else.
  const toml::table* table(const toml::table& parent, const std::string& path, std::string_view key) {
    const toml::node* node = parent.get(key);
    if (!node) return nullptr;
    if (!node->is_table()) fail(*node, path + std::string(key), "expected a table");
    return node->as_table();
  }

  Status status() const { return errors_.empty() ? Status() : Status(StatusCode::invalid_argument, errors_); }

 private:
  std::string name_;
  std::string errors_;
};

void read_plugins(ConfigReader& reader, const toml::table& table, StoreConfig& config) {
  reader.only(table, "plugins.", {"directories", "prefer"});
  if (const toml::node* node = table.get("directories")) {
    const toml::array* list = node->as_array();
    if (!list) reader.fail(*node, "plugins.directories", "expected a list of absolute paths");
    for (std::size_t i = 0; list && i < list->size(); ++i) {
      const auto path = list->get(i)->value_exact<std::string>();
      if (path && path->starts_with('/')) {
        config.plugin_directories.push_back(*path);
      } else {
        reader.fail(*list->get(i), "plugins.directories", "expected an absolute path");
      }
    }
  }
  if (const toml::table* prefer = reader.table(table, "plugins.", "prefer")) {
    for (const auto& [format, node] : *prefer) {
      if (const auto implementation = node.value_exact<std::string>()) {
        config.prefer[std::string(format.str())] = *implementation;
      } else {
        reader.fail(node, "plugins.prefer." + std::string(format.str()), "expected the name of an implementation");
      }
    }
  }
}

void read_engine(ConfigReader& reader, const toml::table& table, StoreConfig& config) {
  const std::string path = "engine.";
  reader.only(table, path, {"block", "max_value", "verify", "verify_writes"});
  const Settings settings = reader.settings(table, path);
  reader.take(table, path, "block", settings.size("block", 0), config.compressed.block_bytes);
  reader.take(table, path, "max_value", settings.size("max_value", 0), config.compressed.max_value_bytes);
  reader.take(table, path, "verify_writes", settings.boolean("verify_writes", false), config.compressed.verify_writes);
  if (config.compressed.max_value_bytes > hard_max_value_bytes) {
    reader.fail(*table.get("max_value"), path + "max_value", "expected at most 4032MiB");
  }
  std::string verify = "always";
  reader.take(table, path, "verify", settings.choice("verify", {"always", "first_read", "never"}, verify), verify);
  config.compressed.verify = verify == "never"        ? Verify::never
                             : verify == "first_read" ? Verify::first_read
                                                      : Verify::always;
}

void read_store(ConfigReader& reader, const toml::table& table, StoreConfig& config) {
  const std::string path = "store.";
  const Settings settings = reader.settings(table, path);
  reader.take(table, path, "backend", settings.text("backend", ""), config.backend);
  reader.take(table, path, "codec", settings.text("codec", ""), config.codec);
  reader.only(table, path, {"backend", "codec", config.backend});
  if (const toml::table* own = reader.table(table, path, config.backend)) {
    const std::string own_path = path + config.backend + ".";
    config.settings = reader.settings(*own, own_path);
    for (const auto& [key, node] : *own) {
      if (node.is_table() || node.is_array()) {
        reader.fail(node, own_path + std::string(key.str()), "expected text, an integer or a boolean");
      }
    }
  }
}

}  // namespace

Result<StoreConfig> StoreConfig::from_toml(std::string_view text, std::string_view name) {
  StoreConfig config;
  ConfigReader reader(name);
  try {
    const toml::table document = toml::parse(text);
    reader.only(document, "", {"plugins", "engine", "store"});
    if (const toml::table* table = reader.table(document, "", "plugins")) read_plugins(reader, *table, config);
    if (const toml::table* table = reader.table(document, "", "engine")) read_engine(reader, *table, config);
    if (const toml::table* table = reader.table(document, "", "store")) read_store(reader, *table, config);
  } catch (const toml::parse_error& error) {
    return Status(StatusCode::invalid_argument, std::string(name) + ":" + std::to_string(error.source().begin.line) +
                                                    ": not TOML: " + std::string(error.description()));
  }
  if (Status status = reader.status(); !status.ok()) return status;
  return config;
}

Result<StoreConfig> StoreConfig::from_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // A directory can be opened and not be read: `peek` notes that as `bad`, the buffer alone would throw.
  if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (!file.is_open() || file.bad()) return Status(StatusCode::io_error, path + ": cannot be read as a config file");
  return from_toml(text.str(), path);
}

Result<StoreConfig> StoreConfig::from_url(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return Status(StatusCode::invalid_argument, "store \"" + std::string(url) +
                                                    "\": expected a backend, a colon and what it takes: \"memory:\", "
                                                    "\"BACKEND:PATH\"");
  }
  StoreConfig config;
  config.backend = url.substr(0, colon);
  if (colon + 1 < url.size()) config.settings.set("path", std::string(url.substr(colon + 1)));
  return config;
}

}  // namespace cinch
