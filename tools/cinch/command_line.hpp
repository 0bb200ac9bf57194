/// Reads the command line.
#pragma once

#include <optional>

#include "options.hpp"

namespace cinch::tool {

/// Fills `options`. Answers how to end when there is no command to run: help was printed, or an error.
std::optional<ExitStatus> parse_command_line(int argc, const char* const* argv, Options& options);

}  // namespace cinch::tool
