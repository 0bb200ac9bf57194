#include "engine/config_reader.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "engine/config_messages.hpp"

namespace cinch {
namespace {

constexpr std::int64_t max_dim = std::int64_t{1} << 48;

bool is_scalar(const toml::node& node) noexcept { return node.is_string() || node.is_integer() || node.is_boolean(); }

/// A node as messages show it.
std::string given(const toml::node& node) {
  if (node.is_array()) return "a list";
  if (node.is_table()) return "a table";
  std::ostringstream text;
  node.visit([&text](const auto& each) {
    if constexpr (toml::is_value<decltype(each)>) text << each;
  });
  return node.is_string() ? to_toml(*node.value_exact<std::string>()) : text.str();
}

/// Reads one TOML document into a config and notes where each key stands.
class ConfigReader {
 public:
  ConfigReader(std::string_view name, StoreConfig& config, std::vector<ConfigMistake>& mistakes)
      : name_(name), config_(config), mistakes_(mistakes) {}

  void read(const toml::table& document) {
    only(document, "", {"plugins", "engine", "store"});
    if (const toml::table* found = table(document, "", "plugins")) read_plugins(*found);
    if (const toml::table* found = table(document, "", "engine")) read_engine(*found);
    if (const toml::table* found = table(document, "", "store")) read_store(*found);
  }

 private:
  std::string origin(const toml::node& where) const { return name_ + ":" + std::to_string(where.source().begin.line); }

  void fail(const toml::node& where, std::string_view path, std::string_view message) {
    mistakes_.push_back(
        {where.source().begin.line, origin(where) + ": " + std::string(path) + ": " + std::string(message)});
  }

  void expected(const toml::node& where, std::string_view path, std::string_view what) {
    fail(where, path, given(where).append(", expected ").append(what));
  }

  void fail(const toml::node& where, std::string_view path, const Status& status) {
    // The messages of `Settings` begin with the last part of the path.
    const std::string_view message = status.message();
    const std::size_t colon = message.find(": ");
    fail(where, path, colon == std::string_view::npos ? message : message.substr(colon + 2));
  }

  void read_setting(const toml::node& node, const std::string& path, const std::string& name, Settings& to) {
    config_.origins[path + name] = origin(node);
    if (const auto text = node.value_exact<std::string>()) {
      to.set(name, *text);
    } else if (const auto number = node.value_exact<std::int64_t>()) {
      to.set(name, *number);
    } else if (const auto boolean = node.value_exact<bool>()) {
      to.set(name, *boolean);
    } else {
      expected(node, path + name, "text, an integer or a boolean");
    }
  }

  /// A table of text, integers and booleans; anything else in it is a mistake.
  Settings settings(const toml::table& table, const std::string& path) {
    Settings settings;
    for (const auto& [key, node] : table) read_setting(node, path, std::string(key.str()), settings);
    return settings;
  }

  /// Keys of `table` that are not `known` are mistakes.
  void only(const toml::table& table, const std::string& path, std::initializer_list<std::string_view> known) {
    for (const auto& [key, node] : table) known_or_fail(node, path, std::string(key.str()), known);
  }

  void known_or_fail(const toml::node& node, const std::string& path, const std::string& name,
                     std::initializer_list<std::string_view> known) {
    const Settings one{{name, true}};
    if (Status status = one.only(known); !status.ok()) fail(node, path + name, status);
  }

  /// Stores the value that was read, or notes its error. Does nothing for a key that the table lacks.
  template <class T, class To>
  void take(const toml::table& table, const std::string& path, std::string_view key, Result<T> read, To& to) {
    const toml::node* node = table.get(key);
    if (!node || !is_scalar(*node)) return;  // absent, or already reported
    if (read) {
      to = std::move(*read);
    } else {
      fail(*node, path + std::string(key), read.error());
    }
  }

  /// The table at `key`; null if the key is absent or, which is a mistake, not a table.
  const toml::table* table(const toml::table& parent, const std::string& path, std::string_view key) {
    const toml::node* node = parent.get(key);
    if (!node) return nullptr;
    if (!node->is_table()) expected(*node, path + std::string(key), "a table");
    config_.origins[path + std::string(key)] = origin(*node);
    return node->as_table();
  }

  /// A number from `least` to `most`; `least` if the key is absent.
  template <class Number>
  static Result<Number> number(const Settings& given, const std::string& key, std::int64_t least, std::int64_t most) {
    const Result<std::int64_t> found = given.integer(key, least);
    if (!found) return found.error();
    if (*found >= least && *found <= most) return static_cast<Number>(*found);
    return Status(StatusCode::invalid_argument, key + ": " + std::to_string(*found) + ", expected " +
                                                    std::to_string(least) + " to " + std::to_string(most));
  }

  void read_plugins(const toml::table& plugins);
  void read_engine(const toml::table& engine);
  void read_store(const toml::table& store);
  void read_rules(const toml::node& rules);
  Rule read_rule(const toml::table& table, const std::string& path);
  void read_layout(const toml::table& table, const std::string& path, const Settings& given, TensorLayout& to);
  TensorOfBytes read_tensor(const toml::table& table, const std::string& path);

  std::string name_;
  StoreConfig& config_;
  std::vector<ConfigMistake>& mistakes_;
};

void ConfigReader::read_plugins(const toml::table& plugins) {
  only(plugins, "plugins.", {"directories", "prefer"});
  if (const toml::node* node = plugins.get("directories")) {
    config_.origins["plugins.directories"] = origin(*node);
    const toml::array* list = node->as_array();
    if (!list) expected(*node, "plugins.directories", "a list of absolute paths");
    for (std::size_t i = 0; list && i < list->size(); ++i) {
      const auto path = list->get(i)->value_exact<std::string>();
      if (path && path->starts_with('/')) {
        config_.plugin_directories.push_back(*path);
      } else {
        expected(*list->get(i), "plugins.directories", "an absolute path");
      }
    }
  }
  if (const toml::table* prefer = table(plugins, "plugins.", "prefer")) {
    for (const auto& [format, node] : *prefer) {
      const std::string key = "plugins.prefer." + std::string(format.str());
      config_.origins[key] = origin(node);
      if (const auto implementation = node.value_exact<std::string>()) {
        config_.prefer[std::string(format.str())] = *implementation;
      } else {
        expected(node, key, "the name of an implementation");
      }
    }
  }
}

void ConfigReader::read_engine(const toml::table& engine) {
  const std::string path = "engine.";
  only(engine, path, {"threads", "block", "max_value", "verify", "verify_writes"});
  const Settings given = settings(engine, path);
  CompressedOptions& options = config_.compressed;
  take(engine, path, "threads", number<unsigned>(given, "threads", 0, max_threads), config_.threads);
  take(engine, path, "block", given.size("block", 0), options.block_bytes);
  take(engine, path, "max_value", given.size("max_value", 0), options.max_value_bytes);
  take(engine, path, "verify_writes", given.boolean("verify_writes", false), options.verify_writes);
  std::string verify(to_string(options.verify));
  constexpr std::array known = {Verify::always, Verify::first_read, Verify::never};
  take(engine, path, "verify",
       given.choice("verify", {to_string(known[0]), to_string(known[1]), to_string(known[2])}, verify), verify);
  options.verify = *std::ranges::find(known, verify, [](Verify one) { return to_string(one); });
}

void ConfigReader::read_store(const toml::table& store) {
  const std::string path = "store.";
  Settings given;
  for (const auto& [key, node] : store) {
    const std::string name(key.str());
    if (name == "rule") {
      read_rules(node);
    } else if (name == "backend" || name == "codec" || name == "fallback") {
      read_setting(node, path, name, given);
    } else if (node.is_array_of_tables() && nearest_name(name, std::array<std::string_view, 1>{"rule"}).empty()) {
      fail(node, path + name, "several tables, expected one, below a line [store." + name + "]");
    } else if (node.is_array()) {
      known_or_fail(node, path, name, {"backend", "codec", "fallback", "rule"});
    } else if (const toml::table* own = node.as_table()) {
      config_.other_settings[name] = settings(*own, path + name + ".");
      config_.origins[path + name] = origin(node);
    } else {
      read_setting(node, path, name, given);
      known_or_fail(node, path, name, {"backend", "codec", "fallback"});
    }
  }
  take(store, path, "backend", given.text("backend", ""), config_.backend);
  take(store, path, "codec", given.text("codec", ""), config_.codec);
  take(store, path, "fallback", given.text("fallback", ""), config_.compressed.fallback);
  if (auto own = config_.other_settings.extract(config_.backend)) config_.settings = std::move(own.mapped());
  if (!store.get("backend") && !config_.other_settings.empty()) {
    const std::string& other = config_.other_settings.begin()->first;
    fail(*store.get(other), path + "backend",
         "missing, while there are settings of \"" + other + "\"; expected backend = \"" + other +
             "\", or none of them");
  }
}

void ConfigReader::read_rules(const toml::node& rules) {
  const toml::array* list = rules.as_array();
  if (!list || !(list->empty() || list->is_homogeneous(toml::node_type::table))) {
    expected(rules, "store.rule", "tables, each below a line [[store.rule]]");
    return;
  }
  for (const toml::node& node : *list) {
    const std::string key = rule_key(config_.compressed.rules.size());
    config_.origins[key] = origin(node);
    config_.compressed.rules.push_back(read_rule(*node.as_table(), key));
  }
}

Rule ConfigReader::read_rule(const toml::table& table, const std::string& key) {
  const std::string path = key + ".";
  only(table, path, {"match", "codec", "fallback", "ttl", "block", "token_axis", "head_dim", "tensor"});
  Settings given;
  for (const auto& [name, node] : table) {
    if (name.str() != "tensor") read_setting(node, path, std::string(name.str()), given);
  }
  Rule rule;
  take(table, path, "match", given.text("match", ""), rule.match);
  take(table, path, "codec", given.text("codec", ""), rule.codec);
  take(table, path, "fallback", given.text("fallback", ""), rule.fallback);
  take(table, path, "ttl", given.duration("ttl", {}), rule.ttl);
  take(table, path, "block", given.size("block", 0), rule.block_bytes);
  read_layout(table, path, given, rule.layout);
  if (const toml::table* tensor = this->table(table, path, "tensor"))
    rule.tensor = read_tensor(*tensor, path + "tensor");
  if (!given.has("match")) fail(table, path + "match", "missing, expected a glob on keys");
  if (given.has("match") && table.size() == 1) {
    fail(table, key, "says nothing; expected codec, fallback, ttl, block, token_axis, head_dim or tensor");
  }
  return rule;
}

void ConfigReader::read_layout(const toml::table& table, const std::string& path, const Settings& given,
                               TensorLayout& to) {
  take(table, path, "token_axis", number<std::uint64_t>(given, "token_axis", 0, max_tensor_dims - 1), to.token_axis);
  take(table, path, "head_dim", number<std::uint64_t>(given, "head_dim", 1, max_head_dim), to.head_dim);
}

TensorOfBytes ConfigReader::read_tensor(const toml::table& table, const std::string& key) {
  const std::string path = key + ".";
  only(table, path, {"dtype", "shape", "token_axis", "head_dim"});
  Settings given;
  for (const auto& [name, node] : table) {
    if (name.str() != "shape") read_setting(node, path, std::string(name.str()), given);
  }
  TensorOfBytes tensor;
  const Result<std::string> name = given.text("dtype", "");
  const std::optional<Dtype> dtype = name ? parse_dtype(*name) : std::nullopt;
  constexpr std::string_view types = "an element type such as \"bf16\", \"f16\", \"f32\", \"f8_e4m3\", \"u8\"";
  const toml::node* type = table.get("dtype");
  if (!type) fail(table, path + "dtype", std::string("missing, expected ").append(types));
  if (type && !dtype) expected(*type, path + "dtype", types);
  tensor.dtype = dtype.value_or(Dtype::u8);
  read_layout(table, path, given, tensor.layout);
  const toml::node* shape = table.get("shape");
  if (!shape) return tensor;
  config_.origins[path + "shape"] = origin(*shape);
  const std::size_t mistakes_before = mistakes_.size();
  const toml::array* list = shape->as_array();
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    const auto dim = list->get(i)->value_exact<std::int64_t>();
    if (!dim || *dim < 0 || *dim > max_dim) expected(*list->get(i), path + "shape", "0 to " + std::to_string(max_dim));
    tensor.dims.push_back(static_cast<std::uint64_t>(dim.value_or(1)));
  }
  if (!list || list->empty() || list->size() > max_tensor_dims || std::ranges::count(tensor.dims, 0u) > 1) {
    fail(*shape, path + "shape",
         "expected 1 to " + std::to_string(max_tensor_dims) +
             " numbers of elements, of which one may be 0: what is there");
  }
  if (mistakes_.size() > mistakes_before) tensor.dims.clear();  // a shape with a wrong dimension is worse than none
  return tensor;
}

}  // namespace

Status read_config(std::string_view text, std::string_view name, StoreConfig& config,
                   std::vector<ConfigMistake>& mistakes) {
  try {
    ConfigReader(name, config, mistakes).read(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return {StatusCode::invalid_argument, std::string(name) + ":" + std::to_string(error.source().begin.line) +
                                              ": not TOML: " + std::string(error.description())};
  }
  return {};
}

}  // namespace cinch
