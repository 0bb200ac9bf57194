/// A file system of its own for a test that fills it.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

namespace cinch::test {

/// Why a test is skipped that gets none.
inline constexpr const char* no_small_disk =
    "no file system of its own: this process may neither mount nor make a user namespace";

/// Runs `work` in a forked process that exits with its answer. That process and its children alone see a file system of
/// 48 MiB at `at`; it is mounted as root, or in a user namespace where the system allows one. Returns what `waitpid`
/// says of the end, nothing where the file system cannot be had.
std::optional<int> run_on_small_disk(const std::filesystem::path& at, const std::function<int()>& work);

/// Takes all that is left of the disk on which `file` is made.
void fill_disk(const std::filesystem::path& file);

}  // namespace cinch::test
