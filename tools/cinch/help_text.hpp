/// How the command line is put in words: by --help, the manual and errors alike.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace cinch::tool {

/// More keys than a command line holds: CLI11 wants a number.
inline constexpr int max_keys = 1 << 24;

std::shared_ptr<CLI::FormatterBase> help_formatter();

/// A command as it is typed: "codec list".
std::string full_name(const CLI::App& command);

/// The command that was typed, as far as there is one; after the parsing.
const CLI::App& typed_command(const CLI::App& app);

/// False for what is on or off.
bool takes_argument(const CLI::Option& option);

/// "N" of "N:UINT in [1 - 1024]", what CLI11 makes of a name and a check.
std::string argument_name(const CLI::Option& option);

}  // namespace cinch::tool
