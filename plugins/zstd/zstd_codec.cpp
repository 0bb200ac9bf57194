// Format `zstd` 1.0: a block is one Zstandard frame (RFC 8878) without its magic number, and from this encoder without
// content size, checksum and dictionary: cinch's own frame has length and checksum.
#define ZSTD_STATIC_LINKING_ONLY  // the magicless format
#include <zstd.h>
#include <zstd_errors.h>

#include <bit>
#include <memory>

#include "cinch/codec_plugin.hpp"

namespace {

using namespace cinch::plugin;

constexpr std::int64_t no_long = 0;
constexpr std::uint64_t min_window = 1024;  // of the format itself
constexpr int slow_level = 5;               // from here on noise costs as much as text

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

template <class Context>
std::unique_ptr<Context, FreeContext> owned(Context* context) {
  if (!context) throw std::bad_alloc();
  return std::unique_ptr<Context, FreeContext>(context);
}

[[noreturn]] void fail(std::size_t zstd_result, std::int32_t code) {
  if (ZSTD_getErrorCode(zstd_result) == ZSTD_error_memory_allocation) throw std::bad_alloc();
  throw Failure(code, ZSTD_getErrorName(zstd_result));
}

struct Zstd {
  static constexpr char format[] = "zstd";
  static constexpr char implementation[] = "cinch.zstd";
  static constexpr std::uint16_t major = 1, minor = 0, decodes_major_min = 1;
  static constexpr std::uint64_t caps =
      CINCH_CAP_ENCODE | CINCH_CAP_DECODE | CINCH_CAP_DETERMINISTIC_ENC | CINCH_CAP_FUZZ_SAFE;

  // `long`: matches as far back as 2^long bytes, for blocks so large that the level's own window (2 MiB at level 3)
  // does not span them. Windows never grow beyond their block.
  static constexpr std::array parameters = {
      Parameter::integer("level", -7, 22, 3),
      Parameter::integer("long", 20, 31, no_long),
  };

  static void check(const Options& options) {
    if (options.integer("level") == 0) {
      throw Failure(CINCH_PARAMS_UNSUPPORTED, "level: 0 is no level; leave it out for the default, 3");
    }
  }

  // At 256 KiB and below libzstd finds its matches another way, which at level 3 takes 1.4 times as long on bf16; and
  // JSON of 2 MiB becomes 6 % longer than as one block, 1 % in blocks of this length.
  static std::uint64_t block_bytes(const Options&) { return 512 << 10; }

  static std::uint64_t bound(const Options&, const cinch_shape_v1*, std::uint64_t size) {
    return ZSTD_COMPRESSBOUND(size);
  }

  class Encoder {
   public:
    explicit Encoder(const Options& options) : context_(owned(ZSTD_createCCtx())) {
      if (options.integer("level") >= slow_level) probe_ = owned(ZSTD_createCCtx());
      set(ZSTD_c_format, ZSTD_f_zstd1_magicless);
      set(ZSTD_c_contentSizeFlag, 0);
      set(ZSTD_c_checksumFlag, 0);
      set(ZSTD_c_dictIDFlag, 0);
      set(ZSTD_c_compressionLevel, static_cast<int>(options.integer("level")));
      if (const std::int64_t window_log = options.integer("long"); window_log != no_long) {
        set(ZSTD_c_enableLongDistanceMatching, 1);
        set(ZSTD_c_windowLog, static_cast<int>(window_log));
      }
    }

    std::optional<std::size_t> encode(const EncodeCall<NoPlan>& call) {
      if (probe_ && looks_incompressible(call)) return std::nullopt;
      const std::size_t length =
          ZSTD_compress2(context_.get(), call.to.data(), call.to.size(), call.from.data(), call.from.size());
      if (ZSTD_isError(length)) fail(length, CINCH_INTERNAL);
      if (length >= call.from.size()) return std::nullopt;
      return length;
    }

   private:
    // Level 1 tells noise at several GB/s; level 9 needs twenty times as long to find that nothing is there, level 19 a
    // thousand times. What a sample shows to be worth its time, nearly everything else, is not looked at any further.
    bool looks_incompressible(const EncodeCall<NoPlan>& call) {
      constexpr std::size_t sample_bytes = 4 << 10;
      constexpr std::size_t fast_window = 512 << 10;  // in larger blocks only the slow level may find what repeats
      if (call.from.size() < 4 * sample_bytes || call.from.size() > fast_window) return false;
      const Input sample = call.from.subspan((call.from.size() - sample_bytes) / 2, sample_bytes);
      return probed_length(sample, call) > sample_bytes - sample_bytes / 16 &&
             probed_length(call.from, call) > call.from.size() - call.from.size() / 64;
    }

    std::size_t probed_length(Input from, const EncodeCall<NoPlan>& call) {
      constexpr int fast_level = 1;
      const std::size_t length =
          ZSTD_compressCCtx(probe_.get(), call.to.data(), call.to.size(), from.data(), from.size(), fast_level);
      if (ZSTD_isError(length)) fail(length, CINCH_INTERNAL);
      return length;
    }

    void set(ZSTD_cParameter parameter, int value) {
      const std::size_t result = ZSTD_CCtx_setParameter(context_.get(), parameter, value);
      if (ZSTD_isError(result)) fail(result, CINCH_PARAMS_UNSUPPORTED);
    }

    std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
    std::unique_ptr<ZSTD_CCtx, FreeContext> probe_;  // of slow levels
  };

  class Decoder {
   public:
    explicit Decoder(const Options&) : context_(owned(ZSTD_createDCtx())) {
      const std::size_t result = ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_format, ZSTD_f_zstd1_magicless);
      if (ZSTD_isError(result)) fail(result, CINCH_INTERNAL);
    }

    void decode(const DecodeCall<NoPlan>& call) {
      check_frame(call.from, call.to.size());
      const std::size_t length =
          ZSTD_decompressDCtx(context_.get(), call.to.data(), call.to.size(), call.from.data(), call.from.size());
      if (ZSTD_isError(length)) fail(length, CINCH_CORRUPT);
      if (length != call.to.size()) {
        throw Failure(CINCH_CORRUPT,
                      "decodes to " + std::to_string(length) + " bytes, expected " + std::to_string(call.to.size()));
      }
    }

   private:
    // An encoder that knows a block's length asks for no window beyond it.
    static void check_frame(Input from, std::size_t size) {
      ZSTD_frameHeader header{};
      const std::size_t result =
          ZSTD_getFrameHeader_advanced(&header, from.data(), from.size(), ZSTD_f_zstd1_magicless);
      if (ZSTD_isError(result)) fail(result, CINCH_CORRUPT);
      const std::uint64_t window = std::max(min_window, std::bit_ceil(std::uint64_t{size}));
      if (result != 0 || header.frameType != ZSTD_frame || header.dictID != 0 || header.windowSize > window) {
        throw Failure(CINCH_CORRUPT, "its header is cut off, or asks for a dictionary or a window beyond the block");
      }
    }

    std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  };
};

}  // namespace

CINCH_CODEC_PLUGIN("cinch.zstd", "1.0.0", "cinch", "Apache-2.0", "", Zstd)
