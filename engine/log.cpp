#include "cinch/log.hpp"

#include <atomic>

namespace cinch {
namespace {

// Callback and context change together. Earlier sinks are never freed: a call in progress may still read one.
struct Sink {
  LogCallback callback;
  void* context;
  const Sink* previous;
};

std::atomic<const Sink*> current{nullptr};

}  // namespace

void set_log_callback(LogCallback callback, void* context) {
  auto* sink = new Sink{callback, context, current.load(std::memory_order_acquire)};
  while (!current.compare_exchange_weak(sink->previous, sink, std::memory_order_acq_rel)) {
  }
}

void log(LogLevel level, std::string_view message) noexcept {
  const Sink* sink = current.load(std::memory_order_acquire);
  if (sink && sink->callback) sink->callback(sink->context, level, message);
}

}  // namespace cinch
