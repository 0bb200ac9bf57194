/// Loads codec plugins, `*.cinch.so`, into a `CodecRegistry`.
///
/// What: no code of a file runs before its manifest, platform, version and exports were checked. Plugins are never
/// unloaded. Threads: calls are serialised by a lock of the process. Ownership: the registry shares what is loaded.
/// Errors: every refusal is a report with a class (`bad_platform`, `abi_major`, …, engine/PLUGINS.md), which the
/// registry keeps in `reports()`; a bad file does not keep the others out.
///
/// A plugin runs with all rights of the process: load only what you would link.
#pragma once

#include <string>
#include <vector>

#include "cinch/codec_registry.hpp"
#include "cinch/export.hpp"

namespace cinch {

class CINCH_API PluginLoader {
 public:
  /// Loads into `registry`, which must outlive this object.
  explicit PluginLoader(CodecRegistry& registry) : registry_(registry) {}

  /// Loads every `*.cinch.so` of a directory, sorted by name, not recursively. A directory that is missing or cannot be
  /// read is one report.
  std::vector<PluginReport> load_directory(const std::string& directory);

  /// Loads one file. If the process has loaded it before, it only registers its providers.
  PluginReport load_file(const std::string& path);

 private:
  CodecRegistry& registry_;
};

/// Where the installed library keeps its plugins; empty when that is not known.
CINCH_API std::string bundled_plugin_directory();

}  // namespace cinch
