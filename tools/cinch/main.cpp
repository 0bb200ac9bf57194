#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <new>
#include <string_view>

#include "command_line.hpp"
#include "interrupt.hpp"
#include "output.hpp"

namespace {

using namespace cinch::tool;

/// Buffers of a value's size stay in the process: glibc would give each back to the kernel and fault it in again.
void keep_large_buffers() {
  constexpr int most = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, most);
  mallopt(M_TRIM_THRESHOLD, most);
}

/// A standard stream that is closed would give its number to the next file opened, one of the store's, and what is
/// printed would land there. Opened the wrong way round, so that using it still fails.
void occupy_standard_streams() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (fcntl(number, F_GETFD) < 0) (void)::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

ExitStatus run(int argc, char** argv) {
  try {
    Options options;
    if (const auto done = parse_command_line(argc, argv, options)) return *done;
    const ExitStatus exit = options.command(options);
    end_if_interrupted();
    return exit;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    print_error(error.what());
    return ExitStatus::failed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write like any other
  std::signal(SIGXFSZ, SIG_IGN);  // as is a file that may not grow
  occupy_standard_streams();
  keep_large_buffers();
  try {
    return static_cast<int>(run(argc, argv));
  } catch (const std::bad_alloc&) {
    constexpr std::string_view message = "cinch: out of memory\n";  // print_error would need some
    (void)!::write(STDERR_FILENO, message.data(), message.size());
    return static_cast<int>(ExitStatus::failed);
  }
}
