/// Rules of the command line that CLI11 does not know. Errors are `invalid_argument` and name the flag or command.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cinch/status.hpp"
#include "options.hpp"

namespace cinch::tool {

/// A file or directory that is given has a name.
Status check_files_have_names(const CLI::App& command);

/// `bench` and `demo` take several codecs, other commands one; neither they nor `config check` open a store that is
/// named. `command`: as it is typed, here and below.
Status check_codecs_and_store(const Options& options, const std::string& command);

/// `recompress` knows with what, and which losses are allowed.
Status check_recompress(const Options& options, const std::string& command);

/// `del` is told what to remove. `has_prefix`: --prefix was given.
Status check_removal(const Options& options, bool has_prefix);

/// A value that is put has a type when it has a shape, and a shape that `put` can complete.
Status check_tensor_flags(const Options& options);

/// The argument of --shape, such as "0,3,64".
Result<std::vector<std::uint64_t>> parse_shape(std::string_view text);

/// The argument of --dtype.
Result<Dtype> parse_dtype_flag(const std::string& text);

/// The argument of --rate, in bytes a second.
Result<std::uint64_t> parse_rate(const std::string& text);

/// Turns keys and prefixes as they are typed into those of the store.
Status unescape_keys(Options& options, const std::string& command);

}  // namespace cinch::tool
