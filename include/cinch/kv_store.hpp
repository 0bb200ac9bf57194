/// `KvStore`: the one interface of cinch. Backends implement it, decorators compose it. Start here.
///
/// What: a map from keys to values. Keys are arbitrary bytes, the empty key too, up to 64 KiB; values are arbitrary
/// bytes, the empty value too. Threads: every function may be called from any thread, concurrently; a call sees every
/// set and remove that returned before it began. Processes: after a `fork` the child may call `exec` or `_exit`; it has
/// neither the parent's threads nor the locks they held, and RocksDB cannot be used there at all. Ownership: arguments
/// are borrowed for the call; what comes back pins its own bytes (value.hpp). Errors: an absent key is no error. Any
/// call may answer `closed`, `io_error` or, on a damaged store, `corruption`, and, on a store that was opened to read,
/// those that write answer `unsupported`; what else is said at the function. A failed call leaves every key as it was,
/// but for `batch_set` and `remove_prefix`, which say so. `std::bad_alloc` may come out of any call, and nothing else
/// may, from a store of your own either.
/// Units: bytes, milliseconds.
///
/// Your own store implements the seven pure functions; the others have correct defaults. `cinch/conformance.hpp`, a
/// test suite, checks it.
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
  /// Time to live from now. Zero: the one of the rule that matches, or none. One too long to be represented is none,
  /// a negative one `invalid_argument`. An expired key is absent to every call.
  std::chrono::milliseconds ttl{0};
  /// Only for `set_if`: a key that is there keeps its expiry, even one that it got since its stamp was read.
  bool keep_ttl = false;
  /// The codec of this value, a spec such as "zstd:level=9"; empty: the store's own. Only a `CompressedKvStore` can
  /// follow it, any other store answers `invalid_argument`.
  std::string_view codec;
  /// The value is a tensor of this shape. A store without codecs ignores it.
  std::optional<TensorShape> tensor;
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
  bool more = false;              ///< True: go on after the last key of this page.
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
  std::uint64_t stored_bytes = 0;    ///< What they take, with the store's own overhead.
  std::uint64_t capacity_bytes = 0;  ///< The cap on `stored_bytes`; 0: none.
  bool estimated = false;            ///< True: `values` and `stored_bytes` are close, not exact.
  /// Writes that were acknowledged once and that damage to the store's files took back, as many as are known of. What
  /// they had set is absent or older; no call can say of which keys. 0: none is known.
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
  /// Pages survive writes between them: a key that is there all along is seen once, a key that comes or goes may be
  /// seen or not. Cost: one pass over the store's keys per page where it keeps no order (memory), else the page alone.
  /// Requires: `limit > 0`.
  virtual Result<KeyPage> scan(std::string_view prefix, std::optional<std::string_view> after = std::nullopt,
                               std::size_t limit = 4096) = 0;

  /// Returns when everything acknowledged so far is as durable as the store can make it.
  virtual Status flush() = 0;

  virtual StoreStats stats() = 0;

  // -- With defaults in terms of the above.

  /// One result for each key, in their order.
  virtual std::vector<GetResult> batch_get(std::span<const std::string_view> keys);

  /// Sets them in order; a key that comes twice ends with the later value. The default stops at the first failure, with
  /// the earlier ones set; a store that promises atomic batches sets all or none.
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

  /// Flushes and gives back what the store holds open; calls that come later answer `closed`, as those under way may,
  /// and closing again does nothing. Values handed out stay valid. The destructor closes too, but cannot report. The
  /// default flushes.
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

/// Now, in milliseconds since the Unix epoch: the clock that expiries are told in.
CINCH_API std::int64_t now_ms() noexcept;

/// When what lives for `ttl` from now expires, as `Head` has it. 0, never: for a time to live of zero, and for one too
/// long to be represented.
CINCH_API std::int64_t expiry_of(std::chrono::milliseconds ttl) noexcept;

/// Whether what expires at that time, as `Head` has it, is gone `now`.
inline bool has_expired(std::int64_t expires_at_ms, std::int64_t now) noexcept {
  return expires_at_ms != 0 && expires_at_ms <= now;
}

/// The arguments that every store refuses alike: `invalid_argument` for a key over `max_key_bytes` or a negative time
/// to live, and, for a store without codecs, for a codec.
CINCH_API Status check_key(std::string_view key);
CINCH_API Status check_set(std::string_view key, const SetOptions& options, bool has_codecs = false);

/// `invalid_argument` for a page of no keys.
CINCH_API Status check_limit(std::size_t limit);

/// `invalid_argument` when a value of `size` bytes does not fit into a buffer of `room` bytes.
CINCH_API Status check_room(std::string_view key, std::uint64_t size, std::uint64_t room);

/// `invalid_argument` when a value of `size` bytes does not have `count` of them from `offset` on.
CINCH_API Status check_range(std::string_view key, std::uint64_t size, std::uint64_t offset, std::uint64_t count);

/// A key as messages and tools show it: printable ASCII as it is, a backslash as `\\`, other bytes as `\xHH`.
CINCH_API std::string escape_key(std::string_view key);

/// `key "a\\x00b"`, as messages name a key; of a very long one the beginning and its length.
CINCH_API std::string describe_key(std::string_view key);

/// The inverse of `escape_key`; `invalid_argument` names the position of what it cannot read.
CINCH_API Result<std::string> unescape_key(std::string_view text);

}  // namespace cinch
