/// `KvStore`: the one interface of cinch. Backends implement it, decorators compose it. Start here.
///
/// What: a map from keys to values. Keys are arbitrary bytes, the empty key too, up to 64 KiB; values are arbitrary
/// bytes, the empty value too. Threads: every function may be called from any thread, concurrently; a call sees every
/// set and remove that returned before it began. Processes: after a `fork` the child may call `exec` or `_exit`; it has
/// neither the parent's threads nor the locks they held, and RocksDB cannot be used there at all. Ownership: arguments
/// are borrowed for the call; what comes back pins its own bytes (value.hpp). Errors: an absent key is no error. Any
/// call may return `closed`, `io_error` or, if the store is damaged, `corruption`; on a store opened read-only, calls
/// that write return `unsupported`. Further errors are listed at each function. A failed call leaves every key as it
/// was, except `batch_set` and `remove_prefix` (see there). The only exception that may leave a call is
/// `std::bad_alloc`; that holds for a store of your own, too.
/// Units: bytes, milliseconds.
///
/// Your own store implements the seven pure functions, with what `store_support.hpp` has for it; the others have
/// correct defaults. `cinch/conformance.hpp`, a test suite, checks it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cinch/bytes.hpp"
#include "cinch/export.hpp"
#include "cinch/status.hpp"
#include "cinch/tensor.hpp"
#include "cinch/value.hpp"

namespace cinch {

inline constexpr std::size_t max_key_bytes = std::size_t{64} * 1024;

/// How one value is to be stored.
struct SetOptions {
  /// Time to live from now. Zero: that of the matching rule, or none. One too long to be represented means no expiry;
  /// a negative one is `invalid_argument`. An expired key is absent to every call.
  std::chrono::milliseconds ttl{0};
  /// Only for `set_if`: an existing key keeps its expiry, even one given to it after its stamp was read.
  bool keep_ttl = false;
  /// The codec of this value, a spec such as "zstd:level=9"; empty: the store's own. Any store but a
  /// `CompressedKvStore` answers `invalid_argument` to one.
  std::string_view codec = {};
  /// The value is a tensor of this shape. A store without codecs ignores it.
  std::optional<TensorShape> tensor = std::nullopt;
};

/// One key and value of `batch_set`.
struct SetItem {
  std::string_view key;
  ValueParts value;
  SetOptions options = {};
};

/// What `get` answers: nothing when the key is absent.
using GetResult = Result<std::optional<Value>>;

/// One page of `scan`.
struct KeyPage {
  std::vector<std::string> keys;  ///< In byte order.
  bool more = false;              ///< True: continue after the last key of this page.
};

/// What is known of a value without reading it.
struct Head {
  std::uint64_t size = 0;          ///< The length of the value.
  std::int64_t expires_at_ms = 0;  ///< Milliseconds since the Unix epoch; 0: never.
  std::uint64_t stamp = 0;         ///< New at every set of the key, never 0; 0: the store has no stamps.
  Value first;                     ///< The first `min(n, size)` bytes.
};

struct StoreStats {
  std::uint64_t values = 0;          ///< Keys held.
  std::uint64_t stored_bytes = 0;    ///< What they take, the store's own overhead included.
  std::uint64_t capacity_bytes = 0;  ///< The cap on `stored_bytes`; 0: none.
  bool estimated = false;            ///< True: `values` and `stored_bytes` are close, not exact.
  /// How many acknowledged writes are known to have been lost to damage of the store's files; 0: none is known. Their
  /// keys are absent or have an older value; which keys they are is not known.
  std::uint64_t lost_writes = 0;
  /// Further figures by name, such as "encoded_bytes"; counters count since the store was opened.
  std::vector<std::pair<std::string, std::uint64_t>> counters;
};

class CINCH_API KvStore {
 public:
  virtual ~KvStore();

  /// The value of `key`, or nothing.
  virtual GetResult get(std::string_view key) = 0;

  /// Stores or replaces. Errors: `invalid_argument` (key over 64 KiB, options this store cannot follow), `too_large`,
  /// `no_space`; all or nothing.
  virtual Status set(std::string_view key, const ValueParts& value, const SetOptions& options = {}) = 0;

  /// Removes; an absent key is no error.
  virtual Status remove(std::string_view key) = 0;

  virtual Result<bool> exists(std::string_view key) = 0;

  /// At most `limit` keys that start with `prefix` and come after `after` (nothing: from the first), in byte order.
  /// Writes between pages are allowed: a key that exists throughout is seen once; one that is set or removed meanwhile
  /// may be seen or not. Cost of a page: a pass over all keys in a store that keeps no order (memory), else the page.
  /// Requires: `limit > 0`.
  virtual Result<KeyPage> scan(std::string_view prefix, std::optional<std::string_view> after = std::nullopt,
                               std::size_t limit = 4096) = 0;

  /// Returns once everything acknowledged so far is as durable as the store can make it.
  virtual Status flush() = 0;

  virtual StoreStats stats() = 0;

  // -- Functions with a default in terms of those above.

  /// One result for each key, in their order.
  virtual std::vector<GetResult> batch_get(std::span<const std::string_view> keys);

  /// Sets them in order; the last value of a repeated key wins. The default stops at the first failure, with the items
  /// before it set; a store that promises atomic batches sets all or none.
  virtual Status batch_set(std::span<const SetItem> items);

  /// Copies the value to the start of `to` and answers its length, or nothing when the key is absent.
  /// Errors: `invalid_argument` when `to` is too small; the message names the length, `to` is then unspecified.
  virtual Result<std::optional<std::size_t>> get_into(std::string_view key, MutableBytes to);

  /// Copies the bytes from `offset` on to all of `to`; false when the key is absent. The default reads the whole value.
  /// Errors: `invalid_argument` when the value has fewer bytes; `to` is then unspecified.
  virtual Result<bool> get_range(std::string_view key, std::uint64_t offset, MutableBytes to);

  /// Size, expiry, stamp and first `n` bytes, or nothing when the key is absent. The default reads the whole value and
  /// knows neither expiry nor stamp.
  virtual Result<std::optional<Head>> head(std::string_view key, std::size_t n);

  /// Removes every key that starts with `prefix` and answers how many. Not atomic.
  virtual Result<std::uint64_t> remove_prefix(std::string_view prefix);

  /// Gives the key a new time to live from now (zero: for ever) without rewriting the value; false when it is absent.
  /// The default answers `unsupported`.
  virtual Result<bool> touch(std::string_view key, std::chrono::milliseconds ttl);

  /// Sets only when the key's stamp is still `stamp` (0: only when the key is absent); answers whether it did.
  /// The default answers `unsupported`.
  virtual Result<bool> set_if(std::string_view key, std::uint64_t stamp, const ValueParts& value,
                              const SetOptions& options = {});

  /// Makes `directory`, which must not exist, hold a store of the same kind with everything acknowledged so far, while
  /// this one goes on. The default answers `unsupported`.
  virtual Status checkpoint(const std::string& directory);

  /// Flushes and releases what the store holds open. Later calls return `closed`, and calls in progress may; closing
  /// again does nothing. Values handed out stay valid. The destructor closes too, but cannot report errors. The default
  /// only flushes.
  virtual Status close();

 protected:
  KvStore() = default;
  KvStore(const KvStore&) = default;
  KvStore& operator=(const KvStore&) = default;
};

/// Calls `visit(key)` for every key that starts with `prefix` and comes after `after`, page by page; stops at the first
/// failure, its own or `visit`'s.
template <class Visit>
Status for_each_key(KvStore& store, std::string_view prefix, Visit&& visit,
                    std::optional<std::string_view> after = std::nullopt) {
  for (std::string last;;) {
    Result<KeyPage> page = store.scan(prefix, after);
    if (!page) return page.error();
    for (const std::string& key : page->keys) {
      if (Status status = visit(key); !status.ok()) return status;
    }
    if (!page->more || page->keys.empty()) return {};
    last = std::move(page->keys.back());
    after = last;
  }
}

}  // namespace cinch
