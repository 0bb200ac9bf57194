/// Every operation of a `KvStore` with a Boost.Asio completion token: callbacks, futures, `co_await`.
///
/// What: an operation runs on a `WorkerPool`, never on the host's loop, and completes on the token's executor or, if it
/// names none, on the one given here, with one argument: the result of the plain call. Several may be in flight. One
/// that has not started can be cancelled through the token's cancellation slot, and completes with `cancelled`.
/// Threads: every function from any thread. Ownership: an operation owns its arguments and shares the store; a `Value`
/// pins its bytes; executors' contexts, and the buffers that `get_into` and `get_range` fill, have to outlive every
/// operation. Errors: those of the plain calls, as results, and `no_space` where those throw `std::bad_alloc`; starting
/// an operation may throw that. Completing or cancelling one takes no memory on an `io_context`, a `thread_pool`, a
/// strand of either, or with `use_future`. Any other executor that throws `std::bad_alloc` is asked again until it does
/// not; the worker, or the thread that cancels, waits meanwhile. One that throws anything else ends the process. Asio's
/// strands over an `any_io_executor`, or over one of the host's, may lose a function when memory runs out, and the
/// handler with it. In a `co_await` expression g++ 12 handles some temporaries wrongly: give names to lambdas with
/// captures and to lists of keys or items. Of all headers only this one, with the two that it is made of, needs Boost
/// (1.81 or newer); https://www.boost.org/doc/libs/1_81_0/doc/html/boost_asio.html
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cinch/async_operation.hpp"
#include "cinch/kv_store.hpp"
#include "cinch/worker_pool.hpp"

namespace cinch {

/// `SetOptions` that own what they name.
struct AsyncSetOptions {
  AsyncSetOptions() noexcept {}  // no aggregate: g++ 12 destroys a copy of a temporary one in a coroutine

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
  auto set(std::string key, Value value, Token&& token) {
    return set(std::move(key), std::move(value), {}, std::forward<Token>(token));
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

  /// Any other call, such as those that only a `CompressedKvStore` has: `work(store)` returns an `Answer`, to which a
  /// `Status` has to convert. An exception becomes an `io_error`.
  template <class Answer, class Work, class Token>
  auto call(Work work, Token&& token) {
    return start<Answer>(std::move(work), std::forward<Token>(token));
  }

  /// Calls in progress may complete after it, with their result or `closed`; those that have not started return
  /// `closed`.
  template <class Token>
  auto close(Token&& token) {
    return start<Status>([](KvStore& store) { return store.close(); }, std::forward<Token>(token));
  }

 private:
  static SetOptions plain(const AsyncSetOptions& options) {
    return {.ttl = options.ttl, .keep_ttl = options.keep_ttl, .codec = options.codec, .tensor = options.tensor};
  }

  template <class Answer, class Work, class Token>
  auto start(Work work, Token&& token, std::size_t count = 1) {
    return boost::asio::async_initiate<Token, void(Answer)>(
        [](auto handler, std::shared_ptr<KvStore> store, const boost::asio::any_io_executor& executor,
           const std::shared_ptr<WorkerPool>& workers, Work call, std::size_t answers) {
          using Started = detail::AsyncOperation<Answer, Work, decltype(handler)>;
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
