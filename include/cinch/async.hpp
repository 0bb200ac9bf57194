/// Every operation of a `KvStore` with a Boost.Asio completion token: callbacks, futures, `co_await`.
///
/// What: an operation runs on a `WorkerPool`, never on the host's loop, and completes on the token's executor or, where
/// it names none, on the one given here, with one argument: what the plain call answers. Several may be in flight. One
/// that has not started can be cancelled through the token's cancellation slot, and completes with `cancelled`.
/// Threads: every function from any thread. Ownership: an operation owns its arguments and the store; a `Value` pins
/// its bytes; executors' contexts, and the buffers that `get_into` and `get_range` fill, have to outlive every
/// operation. Errors: those of the plain calls, as results, and `no_space` where those throw `std::bad_alloc`; starting
/// an operation may throw that. This is the one header of cinch that needs Boost (1.81 or newer);
/// https://www.boost.org/doc/libs/1_81_0/doc/html/boost_asio.html
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "cinch/kv_store.hpp"
#include "cinch/worker_pool.hpp"

namespace cinch {

/// `SetOptions` that own what they name.
struct AsyncSetOptions {
  std::chrono::milliseconds ttl{0};
  bool keep_ttl = false;
  std::string codec = {};
  std::optional<TensorShape> tensor = std::nullopt;
};

/// One key and value of `AsyncKvStore::batch_set`.
struct AsyncSetItem {
  std::string key;
  Value value;
  AsyncSetOptions options = {};
};

/// A store's operations, run on a pool; itself a cheap handle on the two.
class AsyncKvStore {
 public:
  /// Handlers are called through `executor`. `workers` may be those that the store has itself,
  /// `CompressedKvStore::workers()`. Requires: `store` and `workers` are not null.
  AsyncKvStore(std::shared_ptr<KvStore> store, boost::asio::any_io_executor executor,
               std::shared_ptr<WorkerPool> workers)
      : store_(std::move(store)), executor_(std::move(executor)), workers_(std::move(workers)) {}

  const std::shared_ptr<KvStore>& store() const noexcept { return store_; }

  template <class Token>
  auto get(std::string key, Token&& token) {
    return start<GetResult>([key = std::move(key)](KvStore& store) { return store.get(key); },
                            std::forward<Token>(token));
  }

  template <class Token>
  auto set(std::string key, Value value, AsyncSetOptions options, Token&& token) {
    return start<Status>([key = std::move(key), value = std::move(value), options = std::move(options)](
                             KvStore& store) { return store.set(key, value, plain(options)); },
                         std::forward<Token>(token));
  }

  template <class Token>
  auto remove(std::string key, Token&& token) {
    return start<Status>([key = std::move(key)](KvStore& store) { return store.remove(key); },
                         std::forward<Token>(token));
  }

  template <class Token>
  auto exists(std::string key, Token&& token) {
    return start<Result<bool>>([key = std::move(key)](KvStore& store) { return store.exists(key); },
                               std::forward<Token>(token));
  }

  template <class Token>
  auto scan(std::string prefix, std::optional<std::string> after, std::size_t limit, Token&& token) {
    return start<Result<KeyPage>>(
        [prefix = std::move(prefix), after = std::move(after), limit](KvStore& store) {
          return store.scan(prefix, after ? std::optional<std::string_view>(*after) : std::nullopt, limit);
        },
        std::forward<Token>(token));
  }

  template <class Token>
  auto head(std::string key, std::size_t n, Token&& token) {
    return start<Result<std::optional<Head>>>([key = std::move(key), n](KvStore& store) { return store.head(key, n); },
                                              std::forward<Token>(token));
  }

  /// `to` has to live until the operation has completed.
  template <class Token>
  auto get_into(std::string key, MutableBytes to, Token&& token) {
    return start<Result<std::optional<std::size_t>>>(
        [key = std::move(key), to](KvStore& store) { return store.get_into(key, to); }, std::forward<Token>(token));
  }

  /// `to` has to live until the operation has completed.
  template <class Token>
  auto get_range(std::string key, std::uint64_t offset, MutableBytes to, Token&& token) {
    return start<Result<bool>>(
        [key = std::move(key), offset, to](KvStore& store) { return store.get_range(key, offset, to); },
        std::forward<Token>(token));
  }

  template <class Token>
  auto batch_get(std::vector<std::string> keys, Token&& token) {
    const std::size_t count = keys.size();
    return start<std::vector<GetResult>>(
        [keys = std::move(keys)](KvStore& store) {
          const std::vector<std::string_view> views(keys.begin(), keys.end());
          return store.batch_get(views);
        },
        std::forward<Token>(token), count);
  }

  template <class Token>
  auto batch_set(std::vector<AsyncSetItem> items, Token&& token) {
    return start<Status>(
        [items = std::move(items)](KvStore& store) {
          std::vector<SetItem> views;
          views.reserve(items.size());
          for (const AsyncSetItem& item : items) views.push_back({item.key, item.value, plain(item.options)});
          return store.batch_set(views);
        },
        std::forward<Token>(token));
  }

  template <class Token>
  auto remove_prefix(std::string prefix, Token&& token) {
    return start<Result<std::uint64_t>>(
        [prefix = std::move(prefix)](KvStore& store) { return store.remove_prefix(prefix); },
        std::forward<Token>(token));
  }

  template <class Token>
  auto touch(std::string key, std::chrono::milliseconds ttl, Token&& token) {
    return start<Result<bool>>([key = std::move(key), ttl](KvStore& store) { return store.touch(key, ttl); },
                               std::forward<Token>(token));
  }

  template <class Token>
  auto set_if(std::string key, std::uint64_t stamp, Value value, AsyncSetOptions options, Token&& token) {
    return start<Result<bool>>([key = std::move(key), stamp, value = std::move(value), options = std::move(options)](
                                   KvStore& store) { return store.set_if(key, stamp, value, plain(options)); },
                               std::forward<Token>(token));
  }

  /// `Result<StoreStats>`.
  template <class Token>
  auto stats(Token&& token) {
    return start<Result<StoreStats>>([](KvStore& store) { return Result<StoreStats>(store.stats()); },
                                     std::forward<Token>(token));
  }

  template <class Token>
  auto flush(Token&& token) {
    return start<Status>([](KvStore& store) { return store.flush(); }, std::forward<Token>(token));
  }

  template <class Token>
  auto checkpoint(std::string directory, Token&& token) {
    return start<Status>([directory = std::move(directory)](KvStore& store) { return store.checkpoint(directory); },
                         std::forward<Token>(token));
  }

  /// Any other call, such as those that only a `CompressedKvStore` has: `work(store)` answers an `Answer`, which a
  /// `Status` converts to. What it throws becomes an `io_error`.
  template <class Answer, class Work, class Token>
  auto call(Work work, Token&& token) {
    return start<Answer>(std::move(work), std::forward<Token>(token));
  }

  /// Calls that are under way may end after it, with what they were to give or `closed`; those that have not started
  /// answer `closed`.
  template <class Token>
  auto close(Token&& token) {
    return start<Status>([](KvStore& store) { return store.close(); }, std::forward<Token>(token));
  }

 private:
  static SetOptions plain(const AsyncSetOptions& options) {
    SetOptions out;
    out.ttl = options.ttl;
    out.keep_ttl = options.keep_ttl;
    out.codec = options.codec;
    out.tensor = options.tensor;
    return out;
  }

  /// What an operation answers that got no answer of the store's; `count` is how many answers a batch gives.
  template <class Answer>
  static Answer failed(const Status& status, [[maybe_unused]] std::size_t count) {
    if constexpr (std::is_same_v<Answer, std::vector<GetResult>>) {
      return std::vector<GetResult>(count, GetResult(status));
    } else {
      return status;
    }
  }

  /// One operation from its start to its handler.
  template <class Answer, class Work, class Handler>
  class Operation : public std::enable_shared_from_this<Operation<Answer, Work, Handler>> {
   public:
    Operation(std::shared_ptr<KvStore> store, const boost::asio::any_io_executor& executor, Work work, Handler handler,
              std::size_t count)
        : store_(std::move(store)), work_(std::move(work)), host_(Host(std::move(handler), executor)), count_(count) {}

    void start(WorkerPool& workers) {
      auto slot = boost::asio::get_associated_cancellation_slot(host_->handler);
      if (slot.is_connected()) {
        slot.assign([weak = this->weak_from_this()](boost::asio::cancellation_type) {
          auto self = weak.lock();
          if (!self || !self->take()) return;
          Answer cancelled = failed<Answer>({StatusCode::cancelled, "cancelled before it started"}, self->count_);
          complete(std::move(self), std::move(cancelled));
        });
      }
      workers.submit([self = this->shared_from_this()]() mutable {
        if (!self->take()) return;
        Answer answer = self->answer();
        complete(std::move(self), std::move(answer));
      });
    }

   private:
    /// Whether it is the caller who is to complete it.
    bool take() noexcept { return !taken_.exchange(true, std::memory_order_acq_rel); }

    /// Workers do not take exceptions.
    Answer answer() {
      try {
        return work_(*store_);
      } catch (const std::bad_alloc&) {
        return failed<Answer>({StatusCode::no_space, "memory ran out in the operation"}, count_);
      } catch (const std::exception& error) {
        return failed<Answer>({StatusCode::io_error, std::string("the operation threw: ") + error.what()}, count_);
      } catch (...) {
        return failed<Answer>({StatusCode::io_error, "the operation threw what is no std::exception"}, count_);
      }
    }

    /// The handler may run, and its context have no more work and go, before `post` has returned: until then there is
    /// work, and what calls this keeps nothing of the context.
    static void complete(std::shared_ptr<Operation> self, Answer answer) {
      self->store_.reset();
      // No executor_work_guard, which lets go of the work before it lets go of the executor: the last of a strand
      // perhaps.
      const auto until_posted =
          boost::asio::prefer(self->host_->guard.get_executor(), boost::asio::execution::outstanding_work.tracked);
      boost::asio::post(until_posted, [self = std::move(self), answer = std::move(answer)]() mutable {
        Host host = std::move(*self->host_);
        self->host_.reset();
        auto slot = boost::asio::get_associated_cancellation_slot(host.handler);
        if (slot.is_connected()) slot.clear();
        Handler handler = std::move(host.handler);
        host.guard.reset();
        std::move(handler)(std::move(answer));
      });
    }

    using Executor = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;

    /// What is the host's, until the handler is called.
    struct Host {
      Host(Handler given, const boost::asio::any_io_executor& fallback)
          : handler(std::move(given)), guard(boost::asio::get_associated_executor(handler, fallback)) {}

      Handler handler;
      boost::asio::executor_work_guard<Executor> guard;
    };

    std::shared_ptr<KvStore> store_;
    Work work_;
    std::optional<Host> host_;
    const std::size_t count_;
    std::atomic<bool> taken_{false};
  };

  template <class Answer, class Work, class Token>
  auto start(Work work, Token&& token, std::size_t count = 1) {
    return boost::asio::async_initiate<Token, void(Answer)>(
        [](auto handler, std::shared_ptr<KvStore> store, const boost::asio::any_io_executor& executor,
           const std::shared_ptr<WorkerPool>& workers, Work call, std::size_t answers) {
          using Started = Operation<Answer, Work, decltype(handler)>;
          std::make_shared<Started>(std::move(store), executor, std::move(call), std::move(handler), answers)
              ->start(*workers);
        },
        token, store_, executor_, workers_, std::move(work), count);
  }

  std::shared_ptr<KvStore> store_;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<WorkerPool> workers_;
};

}  // namespace cinch
