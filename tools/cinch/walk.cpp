#include "walk.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "interrupt.hpp"
#include "progress.hpp"

namespace cinch::tool {
namespace {

using Clock = std::chrono::steady_clock;

/// Holds work back to a rate.
class Brake {
 public:
  explicit Brake(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}

  void after(std::uint64_t bytes) {
    if (rate_ == 0) return;
    bytes_ += bytes;
    const std::chrono::duration<double> due(static_cast<double>(bytes_) / static_cast<double>(rate_));
    const Clock::time_point until = begin_ + std::chrono::duration_cast<Clock::duration>(due);
    while (Clock::now() < until && !interrupted()) {
      std::this_thread::sleep_until(std::min(until, Clock::now() + std::chrono::milliseconds(50)));
    }
  }

 private:
  const std::uint64_t rate_;
  const Clock::time_point begin_ = Clock::now();
  std::uint64_t bytes_ = 0;
};

Result<std::uint64_t> count_keys(KvStore& store, const std::string& prefix) {
  std::uint64_t keys = 0;
  const Status status = for_each_key(store, prefix, [&](const std::string&) {
    ++keys;
    return interrupted() ? Status(StatusCode::cancelled, "interrupted") : Status();
  });
  if (!status.ok() && !interrupted()) return status;
  return keys;
}

}  // namespace

Result<std::optional<std::string>> walk(KvStore& store, const WalkOptions& options, const Visit& visit) {
  note_interrupts();
  std::uint64_t total = 0;
  if (Progress::is_shown(options.quiet)) {
    const Result<std::uint64_t> keys = count_keys(store, options.prefix);
    if (!keys) return keys.error();
    total = *keys;
  }
  Progress progress(options.what, total, options.quiet);
  Brake brake(options.bytes_per_second);
  std::optional<std::string> next;
  const auto step = [&](const std::string& key) -> Status {
    if (interrupted()) {
      next = key;
      return {StatusCode::cancelled, "interrupted"};
    }
    const Result<std::uint64_t> bytes = visit(key);
    if (!bytes) return bytes.error();
    progress.add(1, *bytes);
    brake.after(*bytes);
    return {};
  };
  Status status;
  if (options.from && options.from->starts_with(options.prefix)) {  // pages begin after a key
    const Result<bool> there = store.exists(*options.from);
    status = !there ? there.error() : *there ? step(*options.from) : Status();
  }
  if (status.ok()) status = for_each_key(store, options.prefix, step, options.from);
  if (!status.ok() && !next) return status;
  return next;
}

}  // namespace cinch::tool
