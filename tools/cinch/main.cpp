#include <malloc.h>

#include <csignal>
#include <exception>
#include <new>

#include "command_line.hpp"
#include "output.hpp"

namespace {

using namespace cinch::tool;

/// Buffers of a value's size stay in the process: glibc would give each back to the kernel and fault it in again.
void keep_large_buffers() {
  constexpr int most = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, most);
  mallopt(M_TRIM_THRESHOLD, most);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write like any other
  keep_large_buffers();
  try {
    Options options;
    if (const auto done = parse_command_line(argc, argv, options)) return static_cast<int>(*done);
    return static_cast<int>(options.command(options));
  } catch (const std::bad_alloc&) {
    print_error("out of memory");
  } catch (const std::exception& error) {
    print_error(error.what());
  }
  return static_cast<int>(ExitStatus::failed);
}
