/// `CompressedKvStore`: any `KvStore`, with its values compressed on the way in and decompressed on the way out.
///
/// What: each value becomes a frame (engine/FORMAT.md) that names its format and is bound to its key, so that a store
/// holds values of any mix of codecs and is read with whatever codec is configured. Threads: as `KvStore`; no lock is
/// held while a codec runs. Ownership: shares the store it wraps; values pin their own bytes. Errors: those of the
/// inner store, and `corruption` (stored bytes do not verify), `codec_missing`, `codec_failed`, `codec_misbehaved`,
/// `incompatible`, `too_large` over `max_value_bytes`. Units: bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "cinch/codec.hpp"
#include "cinch/codec_registry.hpp"
#include "cinch/export.hpp"
#include "cinch/frame_info.hpp"
#include "cinch/kv_store.hpp"
#include "cinch/rule.hpp"
#include "cinch/worker_pool.hpp"

namespace cinch {

/// When the checksums of stored bytes are compared. Headers, and the checksums of what a codec decoded, always are.
enum class Verify : std::uint8_t {
  always,      ///< At every read.
  first_read,  ///< Once for every entry that stays resident in memory; always where entries do not. Reads of parts
               ///< alone leave it unverified, and compare what they touch.
  never,       ///< Not at all: a flipped bit of a raw value goes unnoticed.
};

/// Its name as configs spell it, such as "first_read".
CINCH_API std::string_view to_string(Verify verify) noexcept;

/// The block length of codecs that want no other.
inline constexpr std::uint64_t default_block_bytes = std::uint64_t{256} << 10;

/// The block length of a codec where none is configured.
inline std::uint64_t block_bytes_of(const Codec& codec) noexcept {
  const std::uint64_t wanted = codec.traits().block_bytes;
  return wanted != 0 ? wanted : default_block_bytes;
}

inline constexpr std::uint64_t default_max_value_bytes = std::uint64_t{1} << 30;
inline constexpr std::uint64_t hard_max_value_bytes = (std::uint64_t{1} << 32) - (std::uint64_t{64} << 20);

struct CompressedOptions {
  Verify verify = Verify::always;
  /// Larger values are refused, on the way in and, before anything is allocated, on the way out.
  std::uint64_t max_value_bytes = default_max_value_bytes;
  /// Values longer than this become independent blocks of at most this length (but of 64 bytes, or a token of a tensor,
  /// at least), which are encoded and decoded side by side and can be read alone; 0: one block; nothing:
  /// `block_bytes_of` the codec.
  std::optional<std::uint64_t> block_bytes = std::nullopt;
  /// Threads that work on blocks and batches besides the caller; null: none.
  std::shared_ptr<WorkerPool> workers = nullptr;
  /// Decode what was encoded and compare, before it is stored. A codec that fails this is switched off.
  bool verify_writes = false;
  /// The lossless codec of values that their own codec cannot take (an unknown element type, no shape where it needs
  /// one, integers where it is lossy), or that a lossy codec, or one with plans, did not make smaller.
  std::string fallback = "zstd";
  /// How keys that match are stored; the first match counts. `SetOptions` take precedence.
  std::vector<Rule> rules = {};
};

/// How a set would store a value.
struct SetChoice {
  const Rule* rule = nullptr;          ///< The one that matches; it lives as long as the store.
  std::shared_ptr<const Codec> codec;  ///< What encodes the value.
  bool is_fallback = false;            ///< Whether `codec` is the fallback, as the one that was named cannot take it.
  std::optional<TensorShape> shape;    ///< Completed by the rule.
};

/// What a `recompress` may do to values.
struct RecompressOptions {
  bool lossy = false;  ///< Allow a lossy codec, which changes values.
  bool again = false;  ///< Allow it for values that have lost something before; the losses add up.
};

/// What `recompress` did.
enum class Recompressed : std::uint8_t {
  done,
  already,  ///< It was set with that codec, or with the fallback that it would go to, or both leave it as it is;
            ///< nothing was written.
  absent,   ///< The key is absent, or was set meanwhile.
  kept,     ///< The value lost something before, and losing again was not allowed; nothing was written.
};

class CINCH_API CompressedKvStore final : public KvStore {
 public:
  /// Writes with `codec`, or what a rule names; reads with whatever of `codecs` a value names. A rule that cannot be
  /// followed, or a `codec` that `codecs` cannot read, makes every set answer why. Requires: `inner` and `codec` are
  /// not null.
  CompressedKvStore(std::shared_ptr<KvStore> inner, std::shared_ptr<const Codec> codec, CompressedOptions options = {},
                    CodecRegistry codecs = default_registry());
  ~CompressedKvStore() override;

  const std::shared_ptr<KvStore>& inner() const noexcept;
  const std::shared_ptr<const Codec>& codec() const noexcept;
  /// Threads that work on blocks and batches besides callers; null: none. A config's store has a pool, perhaps of one.
  const std::shared_ptr<WorkerPool>& workers() const noexcept;

  GetResult get(std::string_view key) override;
  /// Codecs see a value in one piece: one that comes in several parts is joined in memory of its length first.
  Status set(std::string_view key, const ValueParts& value, const SetOptions& options = {}) override;
  Status remove(std::string_view key) override;
  Result<bool> exists(std::string_view key) override;
  Result<KeyPage> scan(std::string_view prefix, std::optional<std::string_view> after = std::nullopt,
                       std::size_t limit = 4096) override;
  Status flush() override;

  /// The inner store's, with counters of its own: values and bytes encoded, stored raw and decoded, damage met, and the
  /// bytes of buffers that the process keeps for the next calls.
  StoreStats stats() override;

  /// Workers decode side by side where the values are worth it together, and read as well where the first few are.
  std::vector<GetResult> batch_get(std::span<const std::string_view> keys) override;
  Status batch_set(std::span<const SetItem> items) override;

  /// Decodes straight into `to`, which codecs may use as scratch space: it is unspecified after a failure.
  Result<std::optional<std::size_t>> get_into(std::string_view key, MutableBytes to) override;

  /// Decodes the blocks that the range touches, and no other. The inner store still reads the whole frame: in memory
  /// that costs nothing, from RocksDB it is read from the file.
  Result<bool> get_range(std::string_view key, std::uint64_t offset, MutableBytes to) override;

  /// Copies `count` tokens from the `first` on, of every plane, to `to`: [planes, count, rest of a token], dense.
  /// Decodes the blocks that they touch; what the inner store reads is as for `get_range`. False when the key is
  /// absent. Errors: `invalid_argument` for a value without a token axis, tokens that it does not have, or a buffer of
  /// another length; the message names the right one.
  Result<bool> get_tokens(std::string_view key, std::uint64_t first, std::uint64_t count, MutableBytes to);

  /// Size and first bytes are those of the decoded value; `n` = 0 decodes nothing.
  Result<std::optional<Head>> head(std::string_view key, std::size_t n) override;
  Result<std::uint64_t> remove_prefix(std::string_view prefix) override;
  Result<bool> touch(std::string_view key, std::chrono::milliseconds ttl) override;
  Result<bool> set_if(std::string_view key, std::uint64_t stamp, const ValueParts& value,
                      const SetOptions& options = {}) override;
  Status checkpoint(const std::string& directory) override;
  Status close() override;

  // -- Frames, for moving and checking values.

  /// The stored frame, after all checksums of its stored bytes were compared. Needs no codec.
  GetResult get_frame(std::string_view key);

  /// Stores a frame that `get_frame` of this or another store returned for the same key. Needs no codec. Errors:
  /// `corruption` when it does not verify or belongs to another key; `invalid_argument` for options with a codec or a
  /// shape.
  Status set_frame(std::string_view key, ByteView frame, const SetOptions& options = {});

  /// How a `set` of `bytes` bytes would store them; stores nothing. A value that the chosen codec then does not make
  /// smaller may still go to the fallback. Errors: those of `set`.
  Result<SetChoice> choose(std::string_view key, std::uint64_t bytes, const SetOptions& options = {}) const;

  /// Stores the value again with the codec that `spec` names or, if it is empty, with the one that a `set` would use.
  /// Shape, expiry and the record of earlier loss are kept. Errors, which leave the stored value: those of `get` and
  /// `set`, `invalid_argument` for a lossy codec that the options do not allow, `unsupported` over a store without
  /// stamps.
  Result<Recompressed> recompress(std::string_view key, std::string_view spec = {},
                                  const RecompressOptions& options = {});

  /// What the frame's header says of it, and when the value expires. Needs no codec, and reads only the header: damage
  /// behind it is not noticed.
  Result<std::optional<FrameInfo>> inspect(std::string_view key);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cinch
