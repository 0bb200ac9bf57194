// The memory that one set and one get take at most, each in a process of its own that starts small.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>

#include "bench/blocked_value.hpp"
#include "bench/report_stores.hpp"
#include "tests/support/payloads.hpp"

namespace cinch::bench {
namespace {

constexpr double mib = 1 << 20;

/// A figure of this process in bytes, "VmRSS" or "VmHWM".
double status_bytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return 1024 * std::stod(line.substr(name.size() + 1));
  }
  throw std::runtime_error("/proc/self/status has no " + name);
}

/// The most that `work` takes beyond what is there before it.
double peak_of(const std::function<void()>& work) {
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak starts anew
  const double before = status_bytes("VmRSS");
  work();
  return status_bytes("VmHWM") - before;
}

/// What `measure` answers in a child process; the parent's own memory does not count.
double in_a_child(const std::function<double()>& measure) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child == 0) {
    double answer = -1;
    try {
      answer = measure();
    } catch (const std::exception& error) {  // the parent sees that it is negative
      (void)std::fprintf(stderr, "the child that measures memory: %s\n", error.what());
    }
    (void)!write(ends[1], &answer, sizeof answer);
    _exit(0);
  }
  double answer = -1;
  close(ends[1]);
  const bool is_read = read(ends[0], &answer, sizeof answer) == sizeof answer;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!is_read || answer < 0) throw std::runtime_error("the child that measures memory failed");
  return answer;
}

/// Throws where the store gives back anything else.
void check(KvStore& store, const std::vector<std::byte>& value) {
  if (as_text(must_get(store, "k").bytes()) != as_text(value))
    throw std::runtime_error("the value came back different");
}

struct Peaks {
  std::string spec;
  std::size_t bytes;
  double stored = 0;
  double set = 0;
  double get = 0;
};

Peaks measure(const std::string& spec, std::size_t bytes) {
  Peaks peaks{spec, bytes};
  const auto stored = [&] {
    const auto store = memory_store(spec);
    require(store->set("k", test::make_payload(test::PayloadKind::json, bytes, 1)));
    return static_cast<double>(store->inspect("k").value()->stored_bytes);
  };
  peaks.stored = in_a_child(stored);
  peaks.set = in_a_child([&] {
    const auto store = memory_store(spec);
    const std::vector<std::byte> value = test::make_payload(test::PayloadKind::json, bytes, 1);
    require(store->set("small", std::string(20000, 'x')));  // what is made once is there
    const double peak = peak_of([&] { require(store->set("k", value)); });
    check(*store, value);
    return static_cast<double>(bytes) + peak;
  });
  peaks.get = in_a_child([&] {
    const auto store = memory_store(spec);
    require(store->set("k", test::make_payload(test::PayloadKind::json, bytes, 1)));
    require(store->set("small", std::string(20000, 'x')));
    (void)must_get(*store, "small");
    const double peak = peak_of([&] { (void)must_get(*store, "k"); });
    check(*store, test::make_payload(test::PayloadKind::json, bytes, 1));
    return peaks.stored + peak;
  });
  return peaks;
}

}  // namespace

void report_peaks(Report& report) {
  report.section("Peak memory of one value, memory store, one thread");
  const std::size_t bytes = (report.is_quick() ? std::size_t{16} : std::size_t{64}) << 20;
  for (const char* spec : {"lz4", "zstd:level=3"}) {
    const Peaks peaks = measure(spec, bytes);
    const double raw = static_cast<double>(bytes);
    const std::unique_ptr<tool::LibraryCodec> library = make_library(spec);
    const double in_flight = static_cast<double>(library->bound(block_bytes_of(spec)));
    const std::string name = std::string(spec) + ", " + format_size(bytes) + ", ";
    report.value(name + "set", "raw + stored + bound of a block", "MiB", peaks.set / mib,
                 (raw + peaks.stored + in_flight) / mib, 1.0, false);
    report.value(name + "get", "stored + raw + 1 MiB", "MiB", peaks.get / mib, (raw + peaks.stored + mib) / mib, 1.0,
                 false);
  }
}

}  // namespace cinch::bench
