#include "walk.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "cinch/keys.hpp"
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

/// Counts keys as far as they can be listed.
std::uint64_t count_keys(KvStore& store, const std::string& prefix) {
  std::uint64_t keys = 0;
  (void)for_each_key(store, prefix, [&](const std::string&) {
    ++keys;
    return interrupted() ? Status(StatusCode::cancelled, "interrupted") : Status();
  });
  return keys;
}

}  // namespace

Status visit_keys(KvStore& store, const std::string& prefix, const std::optional<std::string>& from,
                  const std::function<Status(const std::string& key)>& visit) {
  std::optional<std::string> last;
  Status visited;
  const auto step = [&](const std::string& key) {
    last = key;
    return visited = visit(key);
  };
  Status status;
  if (from && from->starts_with(prefix)) {  // pages begin after a key
    const Result<bool> there = store.exists(*from);
    status = !there ? there.error() : *there ? step(*from) : Status();
  }
  if (status.ok()) status = for_each_key(store, prefix, step, from);
  if (status.ok() || !visited.ok() || !last) return status;
  const std::string name = describe_key(*last);
  if (status.message().find(name) != std::string_view::npos) return status;
  return {status.code(), std::string(status.message()) + "; the last one listed is " + name};
}

Walked walk(KvStore& store, const WalkOptions& options, const Visit& visit) {
  note_interrupts();
  const std::uint64_t total = Progress::is_shown(options.quiet) ? count_keys(store, options.prefix) : 0;
  Progress progress(options.what, total, options.quiet);
  Brake brake(options.bytes_per_second);
  Walked walked;
  walked.status = visit_keys(store, options.prefix, options.from, [&](const std::string& key) -> Status {
    if (interrupted()) {
      walked.next = key;
      return {StatusCode::cancelled, "interrupted"};
    }
    const Result<std::uint64_t> bytes = visit(key);
    if (!bytes) return bytes.error();
    progress.add(1, *bytes);
    brake.after(*bytes);
    return {};
  });
  if (walked.next) walked.status = {};
  return walked;
}

}  // namespace cinch::tool
