#include <filesystem>
#include <memory>

#include "cinch/codec_registry.hpp"
#include "cinch/plugin_loader.hpp"
#include "engine/loaded_image.hpp"

namespace cinch {

std::string bundled_plugin_directory() {
  namespace fs = std::filesystem;
  const link_map* const image = image_of(reinterpret_cast<const void*>(&bundled_plugin_directory));
  if (!image) return {};
  // The main program has no name here, and argv[0] may be any text.
  const bool in_program = image->l_name[0] == '\0';
  std::error_code failed;
  const fs::path object = fs::canonical(in_program ? "/proc/self/exe" : image->l_name, failed);
  if (failed) return {};
  const fs::path libraries = in_program ? object.parent_path().parent_path() / CINCH_LIBDIR : object.parent_path();
  return libraries / CINCH_PLUGIN_SUBDIR;
}

const CodecRegistry& default_registry() {
  static const CodecRegistry* const registry = [] {
    auto made = std::make_unique<CodecRegistry>();
    if (const std::string directory = bundled_plugin_directory(); !directory.empty()) {
      PluginLoader(*made).load_directory(directory);
    }
    return made.release();  // never destroyed: static destructors may still use it
  }();
  return *registry;
}

}  // namespace cinch
