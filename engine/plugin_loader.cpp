#include "cinch/plugin_loader.hpp"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>

#include "cinch/codec_plugin.h"
#include "cinch/log.hpp"
#include "engine/loaded_image.hpp"
#include "engine/plugin_call.hpp"
#include "engine/plugin_file.hpp"
#include "engine/plugin_host.hpp"
#include "engine/plugin_provider.hpp"

namespace cinch {
namespace {

/// A plugin whose code is mapped into the process, or is about to be. `std::bad_alloc` may interrupt loading; the next
/// attempt resumes, because the entry may be called only once.
struct LoadedPlugin {
  std::string path;
  std::string plugin_id;
  struct stat file {};
  cinch_host_v1 host{};
  boost::dll::shared_library library;
  std::optional<std::int32_t> entry_code;  // what the entry returned; none before it is called
  cinch_err_v1 entry_error = no_error();
  cinch_plugin_v1 table{};
  std::vector<std::shared_ptr<const CodecProvider>> providers;
  bool is_done = false;
  Status refusal;  // once is_done
};

/// Never destroyed: code of plugins may run until the process ends.
struct LoadedPlugins {
  std::mutex mutex;
  std::vector<std::unique_ptr<LoadedPlugin>> plugins;  // by mutex
};

LoadedPlugins& loaded_plugins() {
  static auto* const all = new LoadedPlugins;
  return *all;
}

class File {
 public:
  explicit File(int fd) noexcept : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

bool same_file(const struct stat& a, const struct stat& b) noexcept {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool is_image_of(const link_map* image, const struct stat& file) {
  struct stat found {};
  return image && stat(image->l_name, &found) == 0 && same_file(found, file);
}

/// Whether every function of a table lies in the plugin itself.
bool functions_lie_in(const link_map* image, const cinch_provider_v1& functions) {
  constexpr std::size_t first = offsetof(cinch_provider_v1, params_canonical);
  const void* pointers[(sizeof functions - first) / sizeof(void*)];
  std::memcpy(pointers, reinterpret_cast<const char*>(&functions) + first, sizeof pointers);
  return std::ranges::all_of(pointers, [image](const void* p) { return !p || image_of(p) == image; });
}

Status register_provider(const cinch_provider_v1* provider, const DeclaredProvider& declared, const link_map* image,
                         LoadedPlugin& plugin) {
  Result<ProviderTable> table = check_table(provider, declared);
  if (!table) return table.error();
  if (!functions_lie_in(image, table->functions)) {
    return refused("contract_broken", declared.info.format + ": a function of its table lies in another object");
  }
  ProviderInfo info = declared.info;
  info.origin = plugin.path;
  plugin.providers.push_back(make_plugin_provider(*table, std::move(info)));
  return {};
}

/// Calls the entry, unless it was called before.
Status run_entry(cinch_plugin_entry_fn entry, const PluginManifest& manifest, LoadedPlugin& plugin) {
  if (!plugin.entry_code) {
    plugin.host = make_host(plugin.plugin_id);
    plugin.table.struct_size = sizeof plugin.table;
    plugin.entry_code = CINCH_INTERNAL;  // stays if it throws
    const Result<std::int32_t> code =
        call(manifest.plugin_id, "entry", entry, &plugin.host, &plugin.table, &plugin.entry_error);
    if (!code) return refused("init_failed", code.error().message());
    plugin.entry_code = *code;
  }
  if (plugin.entry_code == CINCH_OK) return {};
  return refused("init_failed", describe(manifest.plugin_id, "entry", plugin.entry_error, *plugin.entry_code));
}

/// Calls the entry and makes providers of the table that it fills.
Status enter(cinch_plugin_entry_fn entry, const PluginManifest& manifest, LoadedPlugin& plugin) {
  if (Status status = run_entry(entry, manifest, plugin); !status.ok()) return status;
  const cinch_plugin_v1& table = plugin.table;
  constexpr std::size_t least = offsetof(cinch_plugin_v1, provider_at) + sizeof table.provider_at;
  const auto broken = [](const std::string& what) { return refused("contract_broken", "its plugin table " + what); };
  if (table.struct_size < least || table.struct_size > sizeof table) {
    return broken("says that it has " + std::to_string(table.struct_size) + " bytes, expected " +
                  std::to_string(least) + " to " + std::to_string(sizeof table));
  }
  if (!table.provider_at) return broken("has no provider_at");
  if (table.n_providers != manifest.providers.size()) {
    return broken("has " + std::to_string(table.n_providers) + " providers, its manifest " +
                  std::to_string(manifest.providers.size()));
  }
  const link_map* image = image_of(reinterpret_cast<const void*>(entry));
  plugin.providers.clear();
  for (std::uint32_t i = 0; i < table.n_providers; ++i) {
    const DeclaredProvider& declared = manifest.providers[i];
    if (!declared.refusal.ok()) continue;
    const auto provider = call(manifest.plugin_id, "provider_at", table.provider_at, i);
    if (!provider) return refused("contract_broken", provider.error().message());
    if (Status status = register_provider(*provider, declared, image, plugin); !status.ok()) return status;
  }
  return {};
}

/// Maps the file and runs its code, which cannot be undone; `plugin.library` says whether it was mapped.
Status map_and_enter(const PluginManifest& manifest, LoadedPlugin& plugin) {
  using boost::dll::load_mode::rtld_local;
  using boost::dll::load_mode::rtld_now;
  try {
    // The throwing overload: the other one loses the text of dlerror.
    plugin.library = boost::dll::shared_library(
        plugin.path, rtld_now | rtld_local | static_cast<boost::dll::load_mode::type>(RTLD_NODELETE));
  } catch (const std::system_error& error) {
    return refused("load_failed", error.what());
  }
  try {
    const cinch_plugin_entry_fn entry =
        &plugin.library.get<std::remove_pointer_t<cinch_plugin_entry_fn>>(CINCH_PLUGIN_ENTRY);
    // The entry found may be that of a dependency, or of another file that was loaded under this name.
    if (!is_image_of(image_of(reinterpret_cast<const void*>(entry)), plugin.file)) {
      return refused("entry_bad", "its entry lies in another file");
    }
    return enter(entry, manifest, plugin);
  } catch (const std::system_error& error) {
    return refused("entry_bad", error.what());
  }
}

/// The list's element for a file, added if it has none. Errors: the dynamic loader would return another file.
Result<LoadedPlugin*> entry_for(LoadedPlugins& all, const std::string& path, const struct stat& file,
                                const PluginManifest& manifest) {
  for (const auto& plugin : all.plugins) {
    if (same_file(plugin->file, file)) return plugin.get();
    if (plugin->path == path && plugin->library.is_loaded()) {
      return refused("load_failed", "another file of this name is loaded already; restart the process");
    }
  }
  auto fresh = std::make_unique<LoadedPlugin>();
  fresh->path = path;
  fresh->plugin_id = manifest.plugin_id;
  fresh->file = file;
  return all.plugins.emplace_back(std::move(fresh)).get();
}

/// The plugin of an opened, checked file, loaded now or earlier. Errors: its code was not mapped.
Result<const LoadedPlugin*> load_once(const std::string& path, const struct stat& file,
                                      const PluginManifest& manifest) {
  LoadedPlugins& all = loaded_plugins();
  const std::lock_guard lock(all.mutex);
  // Listed before it is mapped: code that is in the process must not be forgotten.
  const Result<LoadedPlugin*> found = entry_for(all, path, file, manifest);
  if (!found) return found.error();
  LoadedPlugin& plugin = **found;
  if (plugin.is_done) return &plugin;
  Status refusal = map_and_enter(manifest, plugin);
  if (!plugin.library.is_loaded()) {
    std::erase_if(all.plugins, [&](const auto& other) { return other.get() == &plugin; });
    return refusal;
  }
  plugin.refusal = std::move(refusal);
  plugin.is_done = true;
  return &plugin;
}

Status load_into(CodecRegistry& registry, const std::string& path, PluginManifest& manifest) {
  const File file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (file.fd() < 0) {
    if (errno == ELOOP) return refused("file_untrusted", "it is a symbolic link");
    return refused("load_failed", std::generic_category().message(errno));
  }
  struct stat found {};
  if (fstat(file.fd(), &found) != 0 || !S_ISREG(found.st_mode)) {
    return refused("file_untrusted", "it is no regular file");
  }
  if (Status status = read_plugin_file(file.fd(), manifest); !status.ok()) return status;
  const Result<const LoadedPlugin*> plugin = load_once(path, found, manifest);
  if (!plugin) return plugin.error();
  if (!(*plugin)->refusal.ok()) return (*plugin)->refusal;
  Status first;
  for (const DeclaredProvider& declared : manifest.providers) {
    if (first.ok()) first = declared.refusal;
  }
  for (const auto& provider : (*plugin)->providers) {
    Status added = registry.add(provider);
    if (first.ok()) first = std::move(added);
  }
  return first;
}

/// The plugin files of a directory, sorted. Not read with std::filesystem::directory_iterator, which terminates the
/// process when memory runs out.
Result<std::vector<std::string>> plugin_files(const std::string& path) {
  const std::unique_ptr<DIR, decltype([](DIR* open) { closedir(open); })> directory(opendir(path.c_str()));
  if (!directory) return refused("dir_unreadable", std::generic_category().message(errno));
  std::vector<std::string> files;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(directory.get());
    if (!entry && errno != 0) return refused("dir_unreadable", std::generic_category().message(errno));
    if (!entry) break;
    if (std::string_view(entry->d_name).ends_with(CINCH_PLUGIN_SUFFIX)) {
      files.push_back(std::filesystem::path(path) / entry->d_name);
    }
  }
  std::ranges::sort(files);
  return files;
}

/// The absolute path of a file: its directory as the file system resolves links and "..", and its own name as it is,
/// since a plugin file that is a link is refused.
std::string path_to_load(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failed);
  if (failed) return path;
  const std::filesystem::path directory = std::filesystem::canonical(absolute.parent_path(), failed);
  return failed ? absolute.string() : (directory / absolute.filename()).string();  // failed: there is nothing to load
}

void fill_refusal(const Status& status, PluginReport& report) {
  if (status.ok()) return;
  const std::string_view text = status.message();
  const std::size_t colon = text.find(": ");
  report.refusal = text.substr(0, colon);
  report.message = text.substr(colon + 2);
  log(LogLevel::warning, "plugin refused: " + printable(report.path) + ": " + printable(text));
}

}  // namespace

PluginReport PluginLoader::load_file(const std::string& path) {
  PluginReport report;
  report.path = path_to_load(path);
  PluginManifest manifest;
  fill_refusal(load_into(registry_, report.path, manifest), report);
  report.plugin_id = std::move(manifest.plugin_id);
  report.version = std::move(manifest.version);
  for (DeclaredProvider& declared : manifest.providers) {
    declared.info.origin = report.path;
    report.providers.push_back(std::move(declared.info));
  }
  registry_.add_report(report);
  return report;
}

std::vector<PluginReport> PluginLoader::load_directory(const std::string& directory) {
  std::vector<PluginReport> reports;
  const Result<std::vector<std::string>> files = plugin_files(directory);
  if (!files) {
    PluginReport& report = reports.emplace_back();
    report.path = directory;
    fill_refusal(files.error(), report);
    registry_.add_report(report);
    return reports;
  }
  for (const std::string& file : *files) reports.push_back(load_file(file));
  return reports;
}

}  // namespace cinch
