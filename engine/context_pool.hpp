/// A plugin's working contexts: made when needed, reused, each lent to one call at a time.
#pragma once

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/plugin_call.hpp"

namespace cinch {

/// Contexts of one codec and one direction, each lent to one call at a time.
template <class Context>
class ContextPool {
 public:
  using Close = void (*)(Context*);

  explicit ContextPool(Close close) : close_(close) {
    idle_.reserve(std::max(4u, std::thread::hardware_concurrency()));  // so that nothing fails when one comes back
  }
  ContextPool(const ContextPool&) = delete;
  ContextPool& operator=(const ContextPool&) = delete;
  ~ContextPool() {
    for (Context* context : idle_) close_quietly(close_, context);
  }

  /// Null when none is idle.
  Context* take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    Context* context = idle_.back();
    idle_.pop_back();
    return context;
  }

  void give_back(Context* context) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (idle_.size() < idle_.capacity()) {
        idle_.push_back(context);
        return;
      }
    }
    close_quietly(close_, context);
  }

 private:
  const Close close_;
  std::mutex mutex_;
  std::vector<Context*> idle_;  // by mutex_
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
