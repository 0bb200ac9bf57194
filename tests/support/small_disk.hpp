/// A file system of its own for a test that fills it.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace cinch::test {

/// What a process exits with that may neither mount nor make a user namespace.
inline constexpr int cannot_mount = 77;

/// Mounts a file system of 48 MiB that this process and its children alone see; as root, or in a user namespace where
/// the system allows one. For a process forked for it.
bool mount_small_disk(const std::filesystem::path& at);

/// Takes all that is left of the disk on which `file` is made.
void fill_disk(const std::filesystem::path& file);

}  // namespace cinch::test
