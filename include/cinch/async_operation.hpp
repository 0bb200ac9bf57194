/// One asynchronous operation, from its start to its handler. Part of `async.hpp`.
///
/// What: everything that completing needs is allocated at the start, which may throw `std::bad_alloc`; nothing later
/// does.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "cinch/async_post.hpp"
#include "cinch/kv_store.hpp"
#include "cinch/worker_pool.hpp"

namespace cinch::detail {

/// The results of operations that have none from the store. Made at the first use and never destroyed: workers may
/// outlive static objects.
struct Refusals {
  static const Refusals& get() {
    static const Refusals& refusals = *new Refusals();
    return refusals;
  }

  const Status cancelled{StatusCode::cancelled, "cancelled before it started"};
  const Status no_space{StatusCode::no_space, "memory ran out in the operation"};
};

/// The failed results of one operation, allocated when it starts: converting a `Status` to an `Answer` may take memory.
template <class Answer>
class FailedAnswers {
 public:
  explicit FailedAnswers(std::size_t) : cancelled_(Refusals::get().cancelled), no_space_(Refusals::get().no_space) {}

  Answer cancelled() noexcept { return std::move(cancelled_); }
  Answer no_space() noexcept { return std::move(no_space_); }
  Answer of(const Status& status) { return status; }

 private:
  Answer cancelled_;
  Answer no_space_;
};

/// Converting to a `Status` or a `Result` takes none.
template <class Answer>
requires std::is_same_v<Answer, Status> || requires {
  requires std::is_same_v<Answer, Result<typename Answer::value_type>>;
}
class FailedAnswers<Answer> {
 public:
  explicit FailedAnswers(std::size_t) : refusals_(Refusals::get()) {}

  Answer cancelled() noexcept { return refusals_.cancelled; }
  Answer no_space() noexcept { return refusals_.no_space; }
  Answer of(const Status& status) noexcept { return status; }

 private:
  const Refusals& refusals_;
};

/// A batch answers for each of its keys.
template <>
class FailedAnswers<std::vector<GetResult>> {
 public:
  explicit FailedAnswers(std::size_t count) : refusals_(Refusals::get()), answers_(count, GetResult(std::nullopt)) {}

  std::vector<GetResult> cancelled() noexcept { return of(refusals_.cancelled); }
  std::vector<GetResult> no_space() noexcept { return of(refusals_.no_space); }
  std::vector<GetResult> of(const Status& status) noexcept {
    std::fill(answers_.begin(), answers_.end(), GetResult(status));
    return std::move(answers_);
  }

 private:
  const Refusals& refusals_;
  std::vector<GetResult> answers_;
};

template <class Answer, class Work, class Handler>
class AsyncOperation : public std::enable_shared_from_this<AsyncOperation<Answer, Work, Handler>> {
 public:
  /// `count` is how many answers a batch gives.
  AsyncOperation(std::shared_ptr<KvStore> store, const boost::asio::any_io_executor& executor, Work work,
                 Handler handler, std::size_t count)
      : store_(std::move(store)), work_(std::move(work)), host_(Host(std::move(handler), executor)), failed_(count) {}

  void start(WorkerPool& workers) {
    auto slot = boost::asio::get_associated_cancellation_slot(host_->handler);
    if (slot.is_connected()) {
      slot.assign([weak = this->weak_from_this()](boost::asio::cancellation_type) {
        auto self = weak.lock();
        if (!self || !self->take()) return;
        self->answer_.emplace(self->failed_.cancelled());
        complete(std::move(self));
      });
    }
    workers.submit([self = this->shared_from_this()]() mutable {
      if (!self->take()) return;
      self->answer_.emplace(self->answer());
      complete(std::move(self));
    });
  }

 private:
  /// Whether the caller is the one to complete it: once, whoever comes first.
  bool take() noexcept { return !taken_.exchange(true, std::memory_order_acq_rel); }

  /// Catches everything: no exception may reach a worker.
  Answer answer() noexcept {
    try {
      return work_(*store_);
    } catch (const std::bad_alloc&) {
      return failed_.no_space();
    } catch (const std::exception& error) {
      return thrown("the operation threw: ", error.what());
    } catch (...) {
      return thrown("the operation threw what is no std::exception", "");
    }
  }

  Answer thrown(std::string_view message, std::string_view what) noexcept {
    try {
      return failed_.of({StatusCode::io_error, std::string(message).append(what)});
    } catch (...) {
      return failed_.no_space();
    }
  }

  static void complete(std::shared_ptr<AsyncOperation> self) noexcept {
    self->store_.reset();
    const auto& executor = *self->host_->executor;
    RoomAllocator<> allocator(self->room_);
    post_in_room(executor, Completion{std::move(self), std::move(allocator)});
  }

  void call_handler() {
    Host host = std::move(*host_);
    host_.reset();
    auto slot = boost::asio::get_associated_cancellation_slot(host.handler);
    if (slot.is_connected()) slot.clear();
    Handler handler = std::move(host.handler);
    host.executor.reset();
    std::move(handler)(std::move(*answer_));
  }

  /// What is posted.
  struct Completion {
    using allocator_type = RoomAllocator<>;
    allocator_type get_allocator() const noexcept { return allocator; }
    void operator()() { self->call_handler(); }

    std::shared_ptr<AsyncOperation> self;
    allocator_type allocator;
  };

  using Executor = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;

  /// The host's objects, until the handler is called.
  struct Host {
    Host(Handler given, const boost::asio::any_io_executor& fallback)
        : handler(std::move(given)),
          executor(boost::asio::prefer(boost::asio::get_associated_executor(handler, fallback),
                                       boost::asio::execution::outstanding_work.tracked)) {
      if constexpr (boost::asio::can_query<TrackedExecutor<Executor>, boost::asio::execution::context_t>::value) {
        // The system's context is made when it is first queried.
        (void)boost::asio::query(*executor, boost::asio::execution::context);
      }
    }

    Handler handler;
    /// Not an executor_work_guard, which ends the work before it destroys the executor, perhaps the last of a strand.
    std::optional<TrackedExecutor<Executor>> executor;
  };

  std::shared_ptr<KvStore> store_;
  Work work_;
  std::optional<Host> host_;
  FailedAnswers<Answer> failed_;
  std::optional<Answer> answer_;
  const std::shared_ptr<PostRoom> room_ = std::make_shared<PostRoom>();
  std::atomic<bool> taken_{false};
};

}  // namespace cinch::detail
