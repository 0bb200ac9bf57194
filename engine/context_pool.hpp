/// Pools of plugins' working contexts.
#pragma once

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "engine/plugin_call.hpp"
#include "engine/thread_number.hpp"

namespace cinch {

/// Lock-free pool of contexts of one codec and one direction; each is lent to one call at a time. A thread returns a
/// context to the slot where it looks first, if that is free (threads whose numbers differ by the number of slots share
/// a slot). Keeps at most one idle context per slot.
template <class Context>
class ContextPool {
 public:
  using Close = void (*)(Context*);

  explicit ContextPool(Close close) : close_(close), slots_(2 * std::max(2u, std::thread::hardware_concurrency())) {}
  ContextPool(const ContextPool&) = delete;
  ContextPool& operator=(const ContextPool&) = delete;
  ~ContextPool() {
    while (Context* context = take()) close_quietly(close_, context);
  }

  /// Null if none was found idle.
  Context* take() noexcept {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      std::atomic<Context*>& idle = idle_at(i);
      if (!idle.load(std::memory_order_relaxed)) continue;
      if (Context* context = idle.exchange(nullptr, std::memory_order_acquire)) return context;
    }
    return nullptr;
  }

  void give_back(Context* context) noexcept {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      std::atomic<Context*>& idle = idle_at(i);
      Context* none = nullptr;
      if (idle.load(std::memory_order_relaxed)) continue;
      if (idle.compare_exchange_strong(none, context, std::memory_order_release, std::memory_order_relaxed)) return;
    }
    close_quietly(close_, context);
  }

 private:
  struct alignas(64) Slot {
    std::atomic<Context*> idle{nullptr};
  };

  /// The calling thread's own slot first.
  std::atomic<Context*>& idle_at(std::size_t i) noexcept { return slots_[(thread_number() + i) % slots_.size()].idle; }

  const Close close_;
  std::vector<Slot> slots_;
};

/// A context while it is lent.
template <class Context>
class Lent {
 public:
  Lent(ContextPool<Context>& pool, Context* context) noexcept : pool_(pool), context_(context) {}
  Lent(Lent&& other) noexcept : pool_(other.pool_), context_(std::exchange(other.context_, nullptr)) {}
  Lent& operator=(Lent&&) = delete;
  ~Lent() {
    if (context_) pool_.give_back(context_);
  }
  Context* get() const noexcept { return context_; }

 private:
  ContextPool<Context>& pool_;
  Context* context_;
};

}  // namespace cinch
