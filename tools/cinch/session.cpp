#include "session.hpp"

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "output.hpp"

namespace cinch::tool {
namespace {

/// CINCH_PLUGIN_PATH, directories with colons between them; ignored in a process with more rights than its user.
void add_plugin_path(std::vector<std::string>& directories) {
  const char* path = secure_getenv("CINCH_PLUGIN_PATH");
  std::string_view rest = path ? path : "";
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    std::error_code failed;
    const std::string directory = std::filesystem::absolute(rest.substr(0, colon), failed).string();
    if (colon > 0 && !failed) directories.push_back(directory);
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
}

Result<StoreConfig> named_config(const Options& options) {
  if (options.store) return StoreConfig::from_url(*options.store);
  if (!options.config) return StoreConfig();
  Result<StoreConfig> config = StoreConfig::from_file(*options.config);
  if (config || config.error().code() == StatusCode::invalid_argument) return config;
  return Status(StatusCode::invalid_argument, std::string(config.error().message()));
}

/// The rules of the command line, before those of the config, whose keys then count on from them.
Status add_rules(const std::vector<std::string>& given, StoreConfig& config) {
  std::vector<Rule> rules;
  for (const std::string& text : given) {
    Result<Rule> rule = parse_rule(text);
    if (!rule) return rule.error().in("--rule");
    rules.push_back(std::move(*rule));
  }
  std::map<std::string, std::string, std::less<>> origins;
  constexpr std::string_view start = "store.rule[";
  for (auto& [key, origin] : config.origins) {
    std::size_t index = 0;
    const auto [end, error] =
        std::from_chars(key.data() + std::min(start.size(), key.size()), key.data() + key.size(), index);
    const bool is_rule = key.starts_with(start) && error == std::errc();
    origins[is_rule ? std::string(start) + std::to_string(index + rules.size()) + end : key] = origin;
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (const char* key : {"", ".match", ".codec"})
      origins[std::string(start) + std::to_string(i) + "]" + key] = "--rule";
  }
  config.origins = std::move(origins);
  std::vector<Rule>& all = config.compressed.rules;
  all.insert(all.begin(), std::move_iterator(rules.begin()), std::move_iterator(rules.end()));
  return {};
}

}  // namespace

Result<StoreConfig> load_config(const Options& options) {
  Result<StoreConfig> config = named_config(options);
  if (!config) return config;
  std::vector<std::string>& directories = config->plugin_directories;
  directories.insert(directories.end(), options.plugins.begin(), options.plugins.end());
  add_plugin_path(directories);
  if (!options.codecs.empty()) {
    config->codec = options.codecs.front();
    config->origins["store.codec"] = "--codec";
  }
  if (!options.plugins.empty()) config->origins["plugins.directories"] = "--plugins";
  Status status = add_rules(options.rules, *config);
  if (!status.ok()) return status;
  return config;
}

Result<CodecRegistry> load_codecs(const Options& options, const StoreConfig& config) {
  CodecRegistry codecs = open_codecs(config);
  for (const std::string& spec : options.codecs) {
    if (const auto codec = codecs.codec(spec); !codec) return codec.error();
  }
  return codecs;
}

Status no_store_named() {
  return {StatusCode::invalid_argument,
          "which store? Name it with --store URL, such as --store rocksdb:DIRECTORY, or with --config FILE"};
}

Result<StoreToOpen> store_to_open(const Options& options, Access access) {
  if (!options.store && !options.config) return no_store_named();
  Result<StoreConfig> config = load_config(options);
  if (!config) return config.error();
  Result<CodecRegistry> codecs = load_codecs(options, *config);
  if (!codecs) return codecs.error();
  // Reading needs the codecs of what is stored, not those for writing, which may not be installed.
  if (access < Access::encode) {
    config->codec = "raw";
    config->compressed.fallback = CompressedOptions().fallback;
    config->compressed.rules.resize(options.rules.size());  // those of the command line come first
  }
  if (config->backend == "rocksdb") {
    if (access == Access::read) config->settings.set("read_only", true);
    if (access == Access::own || access == Access::encode) config->settings.set("create", false);
  }
  return StoreToOpen{std::move(*config), std::move(*codecs)};
}

Result<std::shared_ptr<CompressedKvStore>> open_store(const StoreToOpen& store) {
  Result<std::shared_ptr<CompressedKvStore>> opened = cinch::open_store(store.config, bundled_backends(), store.codecs);
  if (!opened) return opened;
  if (const std::uint64_t lost = (*opened)->stats().lost_writes; lost != 0) {
    const auto path = store.config.settings.text("path", "");
    print_error(store.config.backend + (path ? " " + *path : "") + " has lost " + std::to_string(lost) +
                " acknowledged writes; what they set is absent or older, and no key is known. This is said until a "
                "command that writes opens it with accept_loss = true in its config");
  }
  return opened;
}

Result<std::shared_ptr<CompressedKvStore>> open_store(const Options& options, Access access) {
  const Result<StoreToOpen> store = store_to_open(options, access);
  if (!store) return store.error();
  return open_store(*store);
}

Result<std::shared_ptr<CompressedKvStore>> open_memory_store(const StoreConfig& config, const CodecRegistry& codecs,
                                                             const std::string& codec) {
  StoreConfig memory;
  memory.codec = codec;
  memory.compressed = config.compressed;
  memory.threads = 1;  // those that measure are the threads
  return cinch::open_store(memory, bundled_backends(), codecs);
}

Result<std::shared_ptr<CompressedKvStore>> open_model(const StoreToOpen& store) {
  return open_memory_store(store.config, store.codecs, store.config.codec);
}

}  // namespace cinch::tool
