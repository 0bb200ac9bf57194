#include "tests/cli/run_cinch.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

#include "cinch/backend_registry.hpp"

extern char** environ;

namespace cinch::test {
namespace {

/// A file in memory for one of the standard streams: no pipe that fills up while another is read.
class Stream {
 public:
  explicit Stream(const char* name, const std::string& content = {}) : descriptor_(memfd_create(name, MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::runtime_error("memfd_create failed");
    if (::write(descriptor_, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
      throw std::runtime_error("a stream cannot be written");
    }
    ::lseek(descriptor_, 0, SEEK_SET);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { ::close(descriptor_); }

  int descriptor() const noexcept { return descriptor_; }

  std::string content() const {
    std::string text(static_cast<std::size_t>(::lseek(descriptor_, 0, SEEK_END)), '\0');
    if (::pread(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("a stream cannot be read");
    }
    return text;
  }

 private:
  int descriptor_;
};

std::vector<char*> pointers(Args& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

Args environment_with(const Args& added) {
  Args environment = added;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string(*variable).starts_with("CINCH_")) environment.emplace_back(*variable);
  }
  // Not 1, which a sanitizer would take: that is the tool's own. What is set already comes first and stays.
  environment.insert(environment.end(), {"ASAN_OPTIONS=exitcode=99", "UBSAN_OPTIONS=exitcode=99"});
  return environment;
}

int wait_for(pid_t child) {
  int state = 0;
  while (waitpid(child, &state, 0) < 0) {
    if (errno != EINTR) throw std::runtime_error("waitpid failed");
  }
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

}  // namespace

std::string cinch_program() { return CINCH_BUILD_DIR "/bin/cinch"; }

Json Outcome::json() const {
  try {
    return Json::parse(out);
  } catch (const Json::exception& error) {
    ADD_FAILURE() << "not one JSON document: " << error.what() << "\n" << out << err;
    return {};
  }
}

std::string config_for(const std::string& path, const std::string& more) {
  return "[store.rocksdb]\npath = \"" + path + "\"\n[store]\nbackend = \"rocksdb\"\n" + more;
}

Outcome run_cinch(const Args& arguments, const RunOptions& options) {
  const Stream in("stdin", options.in), out("stdout"), err("stderr");
  const std::string program = options.program.empty() ? cinch_program() : options.program;
  Args texts = {program};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  Args environment = environment_with(options.environment);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::array streams = {in.descriptor(), options.output < 0 ? out.descriptor() : options.output,
                              err.descriptor()};
  for (int number = 0; number < 3; ++number) {
    if (options.closes_standard) {
      posix_spawn_file_actions_addclose(&actions, number);
    } else {
      posix_spawn_file_actions_adddup2(&actions, streams[static_cast<std::size_t>(number)], number);
    }
  }
  if (!options.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
  pid_t child = 0;
  const int error =
      posix_spawn(&child, program.c_str(), &actions, nullptr, pointers(texts).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(program + " cannot be run");
  const int status = wait_for(child);
  return {status, out.content(), err.content()};
}

std::vector<std::string> field_names(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, field] : object.items()) names.push_back(name);
  return names;
}

void expect_error(const Outcome& run, int status, const std::string& text) {
  EXPECT_EQ(run.status, status) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, ::testing::StartsWith("cinch: "));
  EXPECT_THAT(run.err, ::testing::HasSubstr(text));
  EXPECT_EQ(run.err.find('\n'), run.err.size() - 1) << "not one line: " << run.err;
}

Outcome CliTest::cinch(Args arguments, std::string in) const {
  arguments.insert(arguments.begin(), {"--store", url});
  return bare(arguments, std::move(in));
}

Outcome CliTest::bare(const Args& arguments, std::string in) const {
  RunOptions options;
  options.in = std::move(in);
  options.directory = dir.path().string();
  return run_cinch(arguments, options);
}

Outcome CliTest::interrupted_after(double seconds, const Args& arguments) const {
  // --foreground: the command alone gets the signal, not its process group. LeakSanitizer scans from a process of that
  // group, and what it has stopped for the scan stays stopped when it is killed.
  Args all = {"--foreground", "--preserve-status", "-s", "INT", std::to_string(seconds), cinch_program()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  RunOptions options;
  options.program = "/usr/bin/timeout";
  options.directory = dir.path().string();
  return run_cinch(all, options);
}

void CliTest::write_config(const std::string& more) const { write_file(dir.file("c.toml"), config_for(store, more)); }

void CliTest::put(const std::string& key, const std::string& value, const Args& flags) const {
  Args arguments = {"put", key};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  const Outcome run = cinch(arguments, value);
  ASSERT_EQ(run.status, 0) << run.err;
  ASSERT_EQ(run.err, "");
}

void CliTest::damage(const std::string& key, double where) const {
  Settings settings;
  settings.set("path", store);
  const auto opened = bundled_backends().open("rocksdb", settings);
  ASSERT_TRUE(opened) << opened.status().to_string();
  const GetResult frame = (*opened)->get(key);
  ASSERT_TRUE(frame && *frame) << key;
  std::string bytes((*frame)->text());
  const auto at = static_cast<std::size_t>(where * static_cast<double>(bytes.size() - 1));
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  ASSERT_TRUE((*opened)->set(key, bytes).ok());
  ASSERT_TRUE((*opened)->close().ok());
}

}  // namespace cinch::test
