#include "interrupt.hpp"

#include <csignal>
#include <initializer_list>

namespace cinch::tool {
namespace {

volatile std::sig_atomic_t signal_that_came = 0;

extern "C" void note_signal(int number) { signal_that_came = number; }

}  // namespace

void note_interrupts() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    if (sigaction(number, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) continue;  // as under nohup
    struct sigaction action {};
    action.sa_handler = note_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, nullptr);
  }
}

bool interrupted() noexcept { return signal_that_came != 0; }

void end_if_interrupted() {
  if (!interrupted()) return;
  std::signal(signal_that_came, SIG_DFL);
  (void)std::raise(signal_that_came);
}

}  // namespace cinch::tool
