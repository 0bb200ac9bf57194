// Checks configs, and lists them with their defaults filled in.
#include <algorithm>
#include <array>

#include "cinch/store_config.hpp"
#include "engine/config_messages.hpp"
#include "engine/glob.hpp"
#include "engine/rule_set.hpp"

namespace cinch {
namespace {

/// For `[store.rules]`, which is read as the settings of a backend.
std::string rule_hint(std::string_view table) {
  constexpr std::array<std::string_view, 1> known = {"rule"};
  return nearest_name(table, known).empty() ? "" : "; rules come below lines [[store.rule]]";
}

class ConfigCheck {
 public:
  explicit ConfigCheck(const StoreConfig& config) : config_(config) {}

  void fail(const std::string& key, std::string_view message) {
    // The origin of a key that was not given is that of the table that lacks it.
    auto found = config_.origins.find(key);
    for (std::string table = key; found == config_.origins.end() && table.find('.') != table.npos;) {
      table.erase(table.rfind('.'));
      found = config_.origins.find(table);
    }
    messages_.append(messages_.empty() ? "" : "\n");
    if (found != config_.origins.end()) messages_.append(found->second).append(": ");
    messages_.append(key).append(": ").append(message);
  }

  void check(const std::string& key, const Status& status) {
    if (!status.ok()) fail(key, status.message());
  }

  /// Checks a backend's settings; it reports mistakes one per line, each beginning with its key. What is missing is a
  /// mistake only where the backend is to be opened.
  void check_settings(const std::string& table, const BackendInfo& info, const Settings& settings, bool will_open) {
    const Status status = info.check ? info.check(settings) : Status();
    for_each_line(status.message(), [&](std::string_view line) {
      const std::size_t colon = std::min(line.find(": "), line.size());
      const std::string_view key = line.substr(0, colon);
      if (!will_open && !settings.has(key)) return;
      fail(table + "." + std::string(key), line.substr(std::min(colon + 2, line.size())));
    });
  }

  Status status() && {
    return messages_.empty() ? Status() : Status(StatusCode::invalid_argument, std::move(messages_));
  }

 private:
  const StoreConfig& config_;
  std::string messages_;
};

/// Refuses a shape that no value could have.
Status check_tensor(const TensorOfBytes& tensor) {
  TensorOfBytes one = tensor;
  if (one.dims.empty()) one.dims = {1, 1, one.layout.head_dim.value_or(1)};
  std::ranges::replace(one.dims, 0u, 1u);
  const Result<TensorShape> shape = make_tensor(one.dtype, one.dims, one.layout.token_axis);
  return shape ? with_layout(*shape, one.layout).status() : shape.error();
}

void check_rules(ConfigCheck& check, const std::vector<Rule>& rules, const CodecRegistry& codecs) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    check.check(rule_key(i) + ".match", Glob::parse(rules[i].match).status());
    if (!rules[i].codec.empty()) check.check(rule_key(i) + ".codec", codecs.codec(rules[i].codec).status());
    if (!rules[i].fallback.empty()) {
      check.check(rule_key(i) + ".fallback", fallback_codec(rules[i].fallback, codecs).status());
    }
    if (rules[i].ttl.count() < 0) check.fail(rule_key(i) + ".ttl", "negative, expected a time");
    if (rules[i].tensor) check.check(rule_key(i) + ".tensor", check_tensor(*rules[i].tensor));
  }
}

/// Lists every key of a config with its value and origin.
class ConfigListing {
 public:
  ConfigListing(const StoreConfig& config, const CodecRegistry& codecs) : config_(config), codecs_(codecs) {}

  void add_plugins() {
    std::string directories;
    for (const std::string& path : config_.plugin_directories) {
      directories += (directories.empty() ? "" : ", ") + to_toml(path);
    }
    add("plugins.directories", "[" + directories + "]");
    for (const auto& [format, implementation] : config_.prefer) {
      add("plugins.prefer." + format, to_toml(implementation));
    }
  }

  void add_engine() {
    const CompressedOptions& options = config_.compressed;
    add("engine.threads", std::to_string(config_.threads));
    add_block("engine.block", options.block_bytes, config_.codec);
    add("engine.max_value", to_toml(format_size(options.max_value_bytes)));
    add("engine.verify", to_toml(std::string(to_string(options.verify))));
    add("engine.verify_writes", to_toml(options.verify_writes));
  }

  void add_store(const BackendRegistry& backends) {
    add("store.backend", to_toml(config_.backend));
    add("store.codec", to_toml(config_.codec));
    add("store.fallback", to_toml(config_.compressed.fallback));
    const Result<BackendInfo> info = backends.info(config_.backend);
    const Settings settings = info ? config_.settings.with_defaults(info->settings) : config_.settings;
    for (const auto& [name, value] : settings.all()) add("store." + config_.backend + "." + name, to_toml(value));
  }

  void add_rules() {
    const std::vector<Rule>& rules = config_.compressed.rules;
    for (std::size_t i = 0; i < rules.size(); ++i) add_rule(rule_key(i), rules[i]);
  }

  std::vector<ConfigEntry> entries() && { return std::move(entries_); }

 private:
  void add(std::string key, std::string value) {
    const auto found = config_.origins.find(key);
    std::string origin = found == config_.origins.end() ? "default" : found->second;
    entries_.push_back({std::move(key), std::move(value), std::move(origin)});
  }

  /// Without a length, the one that the codec asks for; nothing if the codec is missing.
  void add_block(const std::string& key, std::optional<std::uint64_t> bytes, const std::string& spec) {
    if (!bytes) {
      const auto codec = codecs_.codec(spec);
      if (!codec) return;
      bytes = block_bytes_of(**codec);
    }
    add(key, to_toml(format_size(*bytes)));
  }

  void add_layout(const std::string& key, const TensorLayout& layout) {
    if (layout.token_axis) add(key + ".token_axis", std::to_string(*layout.token_axis));
    if (layout.head_dim) add(key + ".head_dim", std::to_string(*layout.head_dim));
  }

  void add_rule(const std::string& key, const Rule& rule) {
    const CompressedOptions& options = config_.compressed;
    const std::string& codec = rule.codec.empty() ? config_.codec : rule.codec;
    add(key + ".match", to_toml(rule.match));
    add(key + ".codec", to_toml(codec));
    add(key + ".fallback", to_toml(rule.fallback.empty() ? options.fallback : rule.fallback));
    add(key + ".ttl", to_toml(format_duration(rule.ttl)));
    add_block(key + ".block", rule.block_bytes ? rule.block_bytes : options.block_bytes, codec);
    add_layout(key, rule.layout);
    if (rule.tensor) add_tensor(key + ".tensor", *rule.tensor);
  }

  void add_tensor(const std::string& key, const TensorOfBytes& tensor) {
    add(key + ".dtype", to_toml(std::string(to_string(tensor.dtype))));
    std::string dims;
    for (const std::uint64_t dim : tensor.dims) dims += (dims.empty() ? "" : ", ") + std::to_string(dim);
    if (!dims.empty()) add(key + ".shape", "[" + dims + "]");
    add_layout(key, tensor.layout);
  }

  const StoreConfig& config_;
  const CodecRegistry& codecs_;
  std::vector<ConfigEntry> entries_;
};

}  // namespace

Status check_config(const StoreConfig& config, const BackendRegistry& backends, const CodecRegistry& codecs) {
  ConfigCheck check(config);
  if (config.compressed.max_value_bytes > hard_max_value_bytes) {
    check.fail("engine.max_value", format_size(config.compressed.max_value_bytes) + ", expected at most " +
                                       format_size(hard_max_value_bytes));
  }
  if (config.threads > max_threads) {
    check.fail("engine.threads", std::to_string(config.threads) + ", expected 0 to " + std::to_string(max_threads));
  }
  if (config.compressed.max_value_bytes == 0) check.fail("engine.max_value", "0, expected room for a value");
  const Result<BackendInfo> chosen = backends.info(config.backend);
  check.check("store.backend", chosen.status());
  if (chosen) check.check_settings("store." + config.backend, *chosen, config.settings, true);
  for (const auto& [format, message] : codecs.unmet_preferences()) check.fail("plugins.prefer." + format, message);
  check.check("store.codec", codecs.codec(config.codec).status());
  // The default fallback may be missing: only values that need it fail then.
  if (config.compressed.fallback != CompressedOptions().fallback) {
    check.check("store.fallback", fallback_codec(config.compressed.fallback, codecs).status());
  }
  for (const auto& [name, settings] : config.other_settings) {
    const Result<BackendInfo> other = backends.info(name);
    if (other) check.check_settings("store." + name, *other, settings, false);
    // What this build lacks, another may have.
    if (other || other.error().code() == StatusCode::unsupported) continue;
    check.fail("store." + name, std::string(other.error().message()) + rule_hint(name));
  }
  check_rules(check, config.compressed.rules, codecs);
  return std::move(check).status();
}

std::vector<ConfigEntry> describe_config(const StoreConfig& config, const BackendRegistry& backends,
                                         const CodecRegistry& codecs) {
  ConfigListing listing(config, codecs);
  listing.add_plugins();
  listing.add_engine();
  listing.add_store(backends);
  listing.add_rules();
  return std::move(listing).entries();
}

}  // namespace cinch
