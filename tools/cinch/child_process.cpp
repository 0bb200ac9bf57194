#include "child_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "files.hpp"
#include "system_error.hpp"

extern char** environ;

namespace cinch::tool {
namespace {

Status cannot_run(const std::error_code& error = last_error()) {
  return io_error("a new process cannot be run", error);
}

Result<std::string> read_to_end(int descriptor) {
  std::string out;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t got = ::read(descriptor, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("what a new process prints cannot be read");
    if (got == 0) return out;
    out.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<std::string> own_path() {
  std::error_code failed;
  const std::filesystem::path path = std::filesystem::canonical("/proc/self/exe", failed);
  if (failed) return io_error("/proc/self/exe", failed);
  return path.string();
}

Result<std::string> run_self(const std::vector<std::string>& arguments) {
  const Result<std::string> program = own_path();
  if (!program) return program;
  std::vector<std::string> texts = {*program};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(texts.size() + 1);
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);

  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return cannot_run();
  const Descriptor out(ends[0]);
  Descriptor in(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.number(), STDOUT_FILENO);
  pid_t child = 0;
  const int error = posix_spawn(&child, program->c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return cannot_run({error, std::generic_category()});
  in = Descriptor();
  Result<std::string> printed = read_to_end(out.number());
  int state = 0;
  while (waitpid(child, &state, 0) < 0) {
    if (errno != EINTR) return cannot_run();
  }
  if (!WIFEXITED(state) || WEXITSTATUS(state) != 0) {
    return Status(StatusCode::io_error, "the new process that reads the store back failed, " +
                                            (WIFEXITED(state) ? "exit status " + std::to_string(WEXITSTATUS(state))
                                                              : "signal " + std::to_string(WTERMSIG(state))));
  }
  return printed;
}

}  // namespace cinch::tool
