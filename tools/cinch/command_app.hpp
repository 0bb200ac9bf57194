/// The command line as CLI11 has it: what the tool reads, its manual and its completion are all made of this.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "cinch/status.hpp"
#include "options.hpp"

namespace cinch::tool {

class CommandApp {
 public:
  /// Fills `options` when `app` parses.
  explicit CommandApp(Options& options);

  CLI::App& app() noexcept { return app_; }

  /// To be called after parsing: checks options against each other and unescapes keys. Errors: `invalid_argument`.
  Status finish();

 private:
  using Command = ExitStatus (*)(const Options&);

  /// A command, or, where `command` is null, a name that commands follow.
  CLI::App* add(CLI::App& parent, const char* name, const char* what, const char* examples, Command command);
  CLI::Option* add_key(CLI::App* command);
  CLI::Option* add_prefix(CLI::App* command, const char* name, const char* what);
  void add_from(CLI::App* command);
  void add_layout(CLI::App* command);
  void add_global_flags();
  void add_value_commands();
  void add_file_commands();
  void add_maintenance_commands();
  void add_other_commands();
  Status parse_texts();

  Options& options_;
  std::optional<std::string> rate_;
  std::optional<std::string> dtype_;
  std::optional<std::string> shape_;
  std::optional<unsigned> token_axis_;
  CLI::App app_{"cinch stores values compressed by codecs that are loaded at run time, in memory or in RocksDB."};
};

}  // namespace cinch::tool
