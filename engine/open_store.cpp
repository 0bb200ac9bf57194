#include "cinch/plugin_loader.hpp"
#include "cinch/store_config.hpp"

namespace cinch {

CodecRegistry open_codecs(const StoreConfig& config) {
  if (config.plugin_directories.empty() && config.prefer.empty()) return default_registry();
  CodecRegistry registry;
  for (const auto& [format, implementation] : config.prefer) registry.prefer(format, implementation);
  PluginLoader loader(registry);
  loader.load_directory(bundled_plugin_directory());
  for (const std::string& directory : config.plugin_directories) loader.load_directory(directory);
  return registry;
}

Result<std::shared_ptr<CompressedKvStore>> open_store(const StoreConfig& config) {
  return open_store(config, bundled_backends(), open_codecs(config));
}

Result<std::shared_ptr<CompressedKvStore>> open_store(const StoreConfig& config, const BackendRegistry& backends,
                                                      const CodecRegistry& codecs) {
  if (Status status = check_config(config, backends, codecs); !status.ok()) return status;
  Result<std::shared_ptr<const Codec>> codec = codecs.codec(config.codec);
  if (!codec) return codec.error();
  Result<std::shared_ptr<KvStore>> inner = backends.open(config.backend, config.settings);
  if (!inner) return inner.error();
  CompressedOptions options = config.compressed;
  if (!options.workers) options.workers = std::make_shared<WorkerPool>(config.threads);
  return std::make_shared<CompressedKvStore>(std::move(*inner), std::move(*codec), std::move(options), codecs);
}

}  // namespace cinch
