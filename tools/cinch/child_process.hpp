/// Runs this program once more.
#pragma once

#include <string>
#include <vector>

#include "cinch/status.hpp"

namespace cinch::tool {

/// Path of this program's file. Errors: `io_error`.
Result<std::string> own_path();

/// Runs this program with those arguments in a new process and answers what it printed. Errors: `io_error` when it
/// cannot be run or does not end with status 0.
Result<std::string> run_self(const std::vector<std::string>& arguments);

}  // namespace cinch::tool
