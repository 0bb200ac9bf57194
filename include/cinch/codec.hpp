/// `Codec`: one format with fixed parameters, as the engine sees it; and `CodecProvider`, which makes them.
///
/// What: a codec encodes and decodes the blocks of values. `raw` is the only one inside the library; others come from
/// plugins (plugin_loader.hpp) or from a subclass in the host. Threads: immutable and shareable; every function may be
/// called concurrently. Ownership: arguments are borrowed for the call. Errors: `codec_failed` when the codec fails,
/// `codec_misbehaved` when it breaks its contract, `unsupported` when it cannot encode, or decode. Units: bytes; shapes
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

/// What is needed to read a stored value: a format, its version, and canonical parameters (`k=v`, sorted, joined by
/// ',', without defaults).
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

/// What lossy coding changed, summed over blocks, computed from the decoded values.
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
  std::uint64_t block_bytes = 0;  ///< The block length it wants where none is configured; 0: any.
};

class CINCH_API Codec {
 public:
  virtual ~Codec();
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;

  const FormatId& format() const noexcept { return format_; }
  const CodecTraits& traits() const noexcept { return traits_; }

  /// The most that a block of `size` bytes of such a value can take. Errors: `too_large` on overflow; `unsupported`
  /// when the codec does not take values of this kind, so that another one has to; `invalid_argument` when it needs to
  /// know more of the value.
  Result<std::size_t> bound(std::size_t size, const TensorShape* shape) const;

  /// The plan of a whole value that will be split into blocks of `block_bytes` (0: one block); nothing when the format
  /// has no plans or this value needs none. A plan is never empty.
  Result<std::optional<Plan>> plan(ByteView value, const TensorShape* shape, std::uint64_t block_bytes) const;

  /// Opens a stored plan. Errors: also `corruption`.
  Result<std::shared_ptr<const PlanState>> open_plan(ByteView plan, const TensorShape* shape) const;

  /// Encodes one block and returns its length in `to`; nothing when the codec declines: the block is to be stored raw.
  /// Requires: `to` holds `bound()` bytes.
  Result<std::optional<std::size_t>> compress(const BlockSlice& slice, const PlanState* plan, ByteView block,
                                              MutableBytes to) const;

  /// The same without asking for `bound()` again. Requires: `to` is exactly as long as it is for such a block.
  Result<std::optional<std::size_t>> compress_to_bound(const BlockSlice& slice, const PlanState* plan, ByteView block,
                                                       MutableBytes to) const;

  /// Decodes one block into `to`, whose size is the block's exact decoded length. Errors: `corruption` when the codec
  /// finds the encoded bytes wrong.
  Status decompress(const BlockSlice& slice, const PlanState* plan, ByteView encoded, MutableBytes to) const;

  /// What a lossy codec changed in one block, from its bytes as they were set and as they are decoded (the same for a
  /// block stored raw). Requires: both have the same length.
  Result<LossSums> measure(const BlockSlice& slice, ByteView original, ByteView decoded) const;

  /// Switches off all codecs of this provider for a proven breach of contract (an overwritten canary, wrong bytes for
  /// what this process has just encoded): every later call returns `codec_misbehaved` with the first reason. Returns
  /// the status for this call.
  Status convict(std::string_view reason) const;

 protected:
  /// Whether and why a provider was switched off; shared by all its codecs.
  class CINCH_API Conviction {
   public:
    Conviction() = default;
    Conviction(const Conviction&) = delete;
    Conviction& operator=(const Conviction&) = delete;
    ~Conviction();

    void set(std::string reason);
    /// Sets it if `outcome` is `codec_misbehaved`. Returns `outcome`.
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

/// An implementation of a format, for `codec list` and for messages.
struct ProviderInfo {
  std::string format;
  std::uint16_t major = 0;  ///< What the encoder writes.
  std::uint16_t minor = 0;
  std::uint16_t decodes_major_min = 0;  ///< The oldest major that is read.
  std::string implementation;           ///< Named by `prefer` in a config.
  std::string origin;                   ///< The plugin's file; "built in".
  CodecTraits traits;
  std::string target = {};  ///< Which of its code paths runs here, such as "avx2"; empty: it does not say.
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
