/// `Codec`: one format with fixed parameters, as the engine sees it; and `CodecProvider`, which makes them.
///
/// What: a codec encodes and decodes the blocks of values. `raw` is the only one inside the library; others come from
/// plugins (plugin_loader.hpp) or from a subclass in the host. Threads: immutable and shareable; every function may be
/// called concurrently. Ownership: arguments are borrowed for the call. Errors: `codec_failed` when the codec says so,
/// `codec_misbehaved` when it breaks its contract, `unsupported` when it has no such direction. Units: bytes; shapes
/// are row-major element counts.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/bytes.hpp"
#include "cinch/export.hpp"
#include "cinch/status.hpp"
#include "cinch/tensor.hpp"

namespace cinch {

/// What a stored value needs to be read: a format, its version, and canonical parameters (`k=v`, sorted, joined by ',',
/// defaults left out).
struct FormatId {
  std::string name;
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  std::string parameters;

  /// The spec: "zstd:level=9", or the name alone.
  std::string spec() const { return parameters.empty() ? name : name + ":" + parameters; }
  bool operator==(const FormatId&) const = default;
};

/// Which part of a value a block is: whole planes, or tokens of one plane; an untyped value has only the offset.
struct BlockSlice {
  const TensorShape* shape = nullptr;  ///< Of the whole value.
  std::uint64_t first_plane = 0;
  std::uint64_t plane_count = 0;
  std::uint64_t first_token = 0;
  std::uint64_t token_count = 0;
  std::uint64_t byte_offset = 0;
};

/// What lossy coding changed, summed over blocks. Computed from what the decoder gives back.
struct LossSums {
  double squared_error = 0;
  double squared = 0;
  float worst_row = 0;
  float max_abs = 0;

  CINCH_API void merge(const LossSums& other) noexcept;
};

/// Side information of a whole value, made once before its blocks are encoded and stored once.
struct Plan {
  std::vector<std::byte> bytes;
  /// `k=v` text of at most 63 bytes, UTF-8 without control characters, that stays readable without the codec.
  std::string annotation;
};

/// An opened plan: immutable, shared by all threads that work on the value's blocks.
class CINCH_API PlanState {
 public:
  virtual ~PlanState();
};

/// Abilities and duties; the bits are those of `cinch/codec_plugin.h`.
struct CodecTraits {
  bool encodes = false;
  bool decodes = false;
  bool lossy = false;
  bool needs_shape = false;
  bool deterministic = false;
  bool wide_vectors = false;      ///< Its code uses vectors of 256 bits or more on this machine.
  std::uint64_t block_bytes = 0;  ///< Of a codec: how long its blocks should be where nobody says; 0: no matter.
};

class CINCH_API Codec {
 public:
  virtual ~Codec();
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;

  const FormatId& format() const noexcept { return format_; }
  const CodecTraits& traits() const noexcept { return traits_; }

  /// The most that a block of `size` bytes of such a value can take. Errors: `too_large` on overflow; `unsupported`
  /// when the codec does not take values of this kind, another one has to; `invalid_argument` when it has to be told
  /// more of the value.
  Result<std::size_t> bound(std::size_t size, const TensorShape* shape) const;

  /// The plan of a whole value that will be split into blocks of `block_bytes` (0: it is one), or nothing when the
  /// format has none or this value needs none. A plan is never empty.
  Result<std::optional<Plan>> plan(ByteView value, const TensorShape* shape, std::uint64_t block_bytes) const;

  /// Opens a stored plan. Errors: `corruption` too.
  Result<std::shared_ptr<const PlanState>> open_plan(ByteView plan, const TensorShape* shape) const;

  /// Encodes one block and answers its length in `to`, or nothing: the codec declines, keep the block raw.
  /// Requires: `to` holds `bound()` bytes.
  Result<std::optional<std::size_t>> compress(const BlockSlice& slice, const PlanState* plan, ByteView block,
                                              MutableBytes to) const;

  /// The same where `to` is exactly as long as `bound()` has just answered for such a block, which is not asked again.
  Result<std::optional<std::size_t>> compress_to_bound(const BlockSlice& slice, const PlanState* plan, ByteView block,
                                                       MutableBytes to) const;

  /// Decodes one block into `to`, whose size is the block's exact decoded length. Errors: `corruption` when the codec
  /// finds the encoded bytes wrong.
  Status decompress(const BlockSlice& slice, const PlanState* plan, ByteView encoded, MutableBytes to) const;

  /// What a lossy codec changed in one block: its bytes as they were set, and as they were decoded; the same twice for
  /// a block stored raw. Requires: as many bytes in both.
  Result<LossSums> measure(const BlockSlice& slice, ByteView original, ByteView decoded) const;

  /// A proven lie (a canary overwritten, wrong bytes for what this process has just encoded): every later call of this
  /// provider's codecs answers `codec_misbehaved` with the first reason. Returns what to answer to this one.
  Status convict(std::string_view reason) const;

 protected:
  /// Shared by all codecs of one provider: why it was switched off, when it was.
  class CINCH_API Conviction {
   public:
    Conviction() = default;
    Conviction(const Conviction&) = delete;
    Conviction& operator=(const Conviction&) = delete;
    ~Conviction();

    void set(std::string reason);
    /// Sets it for `codec_misbehaved`. Returns the outcome as it is.
    Status judge(Status outcome);
    bool is_set() const noexcept { return reason_.load(std::memory_order_acquire) != nullptr; }
    Status status() const;

   private:
    std::atomic<const std::string*> reason_{nullptr};  // set once, owned
  };

  /// Requires: `conviction` is not null.
  Codec(FormatId format, CodecTraits traits, std::shared_ptr<Conviction> conviction);

 private:
  Status usable(bool has_direction, std::string_view direction) const;

  virtual Result<std::size_t> do_bound(std::size_t size, const TensorShape* shape) const = 0;
  virtual Result<std::optional<std::size_t>> do_compress(const BlockSlice& slice, const PlanState* plan, ByteView block,
                                                         MutableBytes to) const = 0;
  virtual Status do_decompress(const BlockSlice& slice, const PlanState* plan, ByteView encoded,
                               MutableBytes to) const = 0;
  virtual Result<LossSums> do_measure(const BlockSlice& slice, ByteView original, ByteView decoded) const;
  virtual Result<std::optional<Plan>> do_plan(ByteView value, const TensorShape* shape,
                                              std::uint64_t block_bytes) const;
  virtual Result<std::shared_ptr<const PlanState>> do_open_plan(ByteView plan, const TensorShape* shape) const;

  FormatId format_;
  CodecTraits traits_;
  std::shared_ptr<Conviction> conviction_;
};

/// Who implements a format, for `codec list` and for messages.
struct ProviderInfo {
  std::string format;
  std::uint16_t major = 0;  ///< What the encoder writes.
  std::uint16_t minor = 0;
  std::uint16_t decodes_major_min = 0;  ///< The oldest major that is read.
  std::string implementation;           ///< Named by `prefer` in a config.
  std::string origin;                   ///< The plugin's file; "built in".
  CodecTraits traits;
  std::string target = {};  ///< Which of its code paths runs here, such as "avx2"; empty: it has one, or does not say.
};

/// Makes codecs of one format. Thread-safe.
class CINCH_API CodecProvider {
 public:
  virtual ~CodecProvider();

  virtual const ProviderInfo& info() const noexcept = 0;

  /// Options `k=v,k=v` to canonical parameters. Errors: `invalid_argument` that lists the known keys.
  virtual Result<std::string> canonical(std::string_view options) const = 0;

  /// A codec for canonical parameters that encodes the provider's own version and decodes `major.minor`.
  /// Errors: `codec_missing` when it does not know that version or those parameters.
  virtual Result<std::shared_ptr<const Codec>> open(std::uint16_t major, std::uint16_t minor,
                                                    std::string_view parameters) const = 0;

 protected:
  CodecProvider() = default;
  CodecProvider(const CodecProvider&) = default;
  CodecProvider& operator=(const CodecProvider&) = default;
};

}  // namespace cinch
