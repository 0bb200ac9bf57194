#include "tests/support/small_disk.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace cinch::test {
namespace {

constexpr int cannot_mount = 77;

bool write_text(const char* file, const std::string& text) {
  std::ofstream out(file);
  out << text << std::flush;
  return out.good();
}

bool mount_small_disk(const std::filesystem::path& at) {
  const std::string uid = std::to_string(getuid());
  const std::string gid = std::to_string(getgid());
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    if (!write_text("/proc/self/setgroups", "deny") || !write_text("/proc/self/uid_map", "0 " + uid + " 1") ||
        !write_text("/proc/self/gid_map", "0 " + gid + " 1")) {
      return false;
    }
  }
  return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("tmpfs", at.c_str(), "tmpfs", 0, "size=48m") == 0;
}

}  // namespace

std::optional<int> run_on_small_disk(const std::filesystem::path& at, const std::function<int()>& work) {
  std::fflush(stdout);  // else the child prints it too
  const pid_t child = fork();
  if (child == 0) {
    if (!mount_small_disk(at)) _exit(cannot_mount);
    const int answer = work();
    std::fflush(stdout);
    _exit(answer);
  }
  int ended = -1;
  if (waitpid(child, &ended, 0) != child) return -1;
  if (WIFEXITED(ended) && WEXITSTATUS(ended) == cannot_mount) return std::nullopt;
  return ended;
}

void fill_disk(const std::filesystem::path& file) {
  std::ofstream out(file, std::ios::binary);
  const std::string piece(4096, 'f');
  while (out.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush()) {
  }
}

}  // namespace cinch::test
