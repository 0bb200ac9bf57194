/// How a completed operation gets to its executor though memory may have run out. Part of `async.hpp`.
///
/// What: room for what an executor makes of the one function that an operation posts, had when the operation starts.
/// Asio's executors use it, also those that an `any_io_executor` stands for, which itself would allocate. Others that
/// have no memory are asked again until they have.
#pragma once

#include <atomic>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>

namespace cinch::detail {

/// Memory for what is posted once. Pieces are not given out again: executors let go of them whenever they like.
class PostRoom {
 public:
  PostRoom() noexcept {}  // leaves the bytes as they are, which `= default` does not

  void* allocate(std::size_t size, std::size_t alignment) {
    constexpr std::size_t step = alignof(std::max_align_t);
    const std::size_t begin = used_.fetch_add((size + step - 1) / step * step, std::memory_order_relaxed);
    if (alignment <= step && begin + size <= sizeof(bytes_)) return bytes_ + begin;
    return ::operator new(size, std::align_val_t(alignment));
  }

  void deallocate(void* piece, std::size_t alignment) noexcept {
    const std::less<const void*> before;
    const bool is_here = !before(piece, bytes_) && before(piece, bytes_ + sizeof(bytes_));
    if (!is_here) ::operator delete(piece, std::align_val_t(alignment));
  }

 private:
  alignas(std::max_align_t) std::byte bytes_[512];  // a function in a strand takes 160
  std::atomic<std::size_t> used_{0};
};

/// Allocates in a `PostRoom`, which outlives the operation where an executor keeps its allocator longer, as strands do.
template <class T = void>
class RoomAllocator {
 public:
  using value_type = T;

  explicit RoomAllocator(std::shared_ptr<PostRoom> room) noexcept : room_(std::move(room)) {}
  template <class U>
  RoomAllocator(const RoomAllocator<U>& other) noexcept : room_(other.room()) {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) { return static_cast<T*>(room_->allocate(count * sizeof(T), alignof(T))); }
  void deallocate(T* piece, std::size_t) noexcept { room_->deallocate(piece, alignof(T)); }
  const std::shared_ptr<PostRoom>& room() const noexcept { return room_; }

  template <class U>
  bool operator==(const RoomAllocator<U>& other) const noexcept {
    return room_ == other.room();
  }

 private:
  std::shared_ptr<PostRoom> room_;
};

/// An executor that keeps its context in work while it lives.
template <class Executor>
using TrackedExecutor = std::decay_t<decltype(boost::asio::prefer(std::declval<const Executor&>(),
                                                                  boost::asio::execution::outstanding_work.tracked))>;

template <class Executor>
concept HasAllocatorProperty =
    boost::asio::can_require<Executor, boost::asio::execution::allocator_t<RoomAllocator<>>>::value;

/// What `use_future` completes on: its one way to take an allocator is Asio's older one. Strands have that too, but
/// take no allocator when what they are made of does not.
template <class Executor, class Function>
concept HasPostWithAllocator =
    !HasAllocatorProperty<Executor> && requires(const Executor& executor, Function function) {
  executor.post(std::move(function), function.get_allocator());
}
&&!requires(const Executor& executor) { executor.get_inner_executor(); };

template <class Executor, class Function>
void post_once(const Executor& executor, Function function) {
  if constexpr (HasPostWithAllocator<Executor, Function>) {
    const auto allocator = function.get_allocator();
    executor.post(std::move(function), allocator);
  } else {
    boost::asio::post(executor, std::move(function));
  }
}

/// Until `post` has returned there is work, and what calls this keeps nothing of the context: the function may run, and
/// the context go, before that. The executor gets a copy, to be asked again; the other one goes before the work.
template <class Executor, class Function>
void post_tracked(const Executor& executor, Function function) noexcept {
  const Executor until_posted = executor;
  const Function again = std::move(function);
  for (;;) {
    try {
      post_once(until_posted, Function(again));
      return;
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

/// Whether `executor` stands for a `Target`, which has then taken the function.
template <class Target, class AnyExecutor, class Function>
bool post_to_target(const AnyExecutor& executor, Function& function) noexcept {
  const Target* target = executor.template target<Target>();
  if (target) post_tracked(*target, std::move(function));
  return target != nullptr;
}

/// Posts a function, which has an allocator of its room, to an executor that is a `TrackedExecutor`.
template <class Executor, class Function>
void post_in_room(const Executor& executor, Function function) noexcept {
  if constexpr (requires { executor.template target<void>(); }) {
    using Loop = TrackedExecutor<boost::asio::io_context::executor_type>;
    using Threads = TrackedExecutor<boost::asio::thread_pool::executor_type>;
    if (post_to_target<Loop>(executor, function) || post_to_target<Threads>(executor, function) ||
        post_to_target<boost::asio::strand<Loop>>(executor, function) ||
        post_to_target<boost::asio::strand<Threads>>(executor, function) ||
        post_to_target<boost::asio::system_executor>(executor, function))
      return;
  }
  post_tracked(executor, std::move(function));
}

}  // namespace cinch::detail
