/// How a completed operation reaches its executor even if memory has run out. Part of `async.hpp`.
///
/// What: when an operation starts, it allocates room for the one function that it will post. Asio's executors allocate
/// in it, also those in an `any_io_executor`, which by itself would not. Others that run out of memory are asked again
/// until they do not.
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

/// Memory for one posted function. Pieces are not reused: executors free them in any order.
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

/// Allocates in a `PostRoom`, and keeps it alive: strands keep their allocator longer than the operation lives.
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

/// An executor that counts as outstanding work of its context.
template <class Executor>
using TrackedExecutor = std::decay_t<decltype(boost::asio::prefer(std::declval<const Executor&>(),
                                                                  boost::asio::execution::outstanding_work.tracked))>;

template <class Executor>
concept HasAllocatorProperty =
    boost::asio::can_require<Executor, boost::asio::execution::allocator_t<RoomAllocator<>>>::value;

/// Executors that take an allocator only by Asio's older `post(function, allocator)`, as those of `use_future`. Strands
/// have it too, but ignore the allocator if their inner executor takes none.
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

/// Keeps the context's work outstanding until `post` has returned: the function may run, and its owner may then destroy
/// the context, before that. The executor gets a copy of the function, so that it can be asked again; the other copy is
/// destroyed before the work ends.
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

/// Whether `executor` holds a `Target`; if so, the function has been posted to it.
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
