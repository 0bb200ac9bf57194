// Format `lz4` 1.0: a block is one LZ4 block (https://github.com/lz4/lz4, doc/lz4_Block_format.md) without framing.
#define LZ4_STATIC_LINKING_ONLY  // …_fastReset, which spare the clearing of the state
#define LZ4_HC_STATIC_LINKING_ONLY
#include <lz4.h>
#include <lz4hc.h>

#include <memory>

#include "cinch/codec_plugin.hpp"

namespace {

using namespace cinch::plugin;

constexpr std::int64_t no_hc = 0;

struct FreeStream {
  void operator()(LZ4_stream_t* stream) const noexcept { LZ4_freeStream(stream); }
  void operator()(LZ4_streamHC_t* stream) const noexcept { LZ4_freeStreamHC(stream); }
};

template <class Stream>
std::unique_ptr<Stream, FreeStream> owned(Stream* stream) {
  if (!stream) throw std::bad_alloc();
  return std::unique_ptr<Stream, FreeStream>(stream);
}

struct Lz4 {
  static constexpr char format[] = "lz4";
  static constexpr char implementation[] = "cinch.lz4";
  static constexpr std::uint16_t major = 1, minor = 0, decodes_major_min = 1;
  static constexpr std::uint64_t caps =
      CINCH_CAP_ENCODE | CINCH_CAP_DECODE | CINCH_CAP_DETERMINISTIC_ENC | CINCH_CAP_FUZZ_SAFE;

  // `hc` chooses the slow, dense encoder and its level; without it the fast one, whose `acceleration` trades ratio for
  // speed. Decoding is the same for all.
  static constexpr std::array parameters = {
      Parameter::integer("acceleration", 1, 65537, 1),
      Parameter::integer("hc", 1, LZ4HC_CLEVEL_MAX, no_hc),
  };

  static void check(const Options& options) {
    if (options.integer("hc") != no_hc && options.integer("acceleration") != 1) {
      throw Failure(CINCH_PARAMS_UNSUPPORTED, "acceleration: not together with hc, which is another encoder");
    }
  }

  static std::uint64_t bound(const Options&, const cinch_shape_v1*, std::uint64_t size) {
    return size + size / 255 + 16;
  }

  class Encoder {
   public:
    explicit Encoder(const Options& options)
        : acceleration_(static_cast<int>(options.integer("acceleration"))),
          level_(static_cast<int>(options.integer("hc"))),
          fast_(owned(LZ4_createStream())) {
      if (level_ != no_hc) dense_ = owned(LZ4_createStreamHC());
    }

    // Declines what LZ4 cannot take, blocks over 2 GiB, as it declines what does not get smaller.
    std::optional<std::size_t> encode(const EncodeCall<NoPlan>& call) {
      if (call.from.empty() || call.from.size() > LZ4_MAX_INPUT_SIZE) return std::nullopt;
      const auto* from = reinterpret_cast<const char*>(call.from.data());
      auto* to = reinterpret_cast<char*>(call.to.data());
      const int size = static_cast<int>(call.from.size());
      const int room = static_cast<int>(std::min<std::size_t>(call.to.size(), INT32_MAX));
      // Room for the bound selects LZ4's fastest loop, and never running out keeps the state fit for a fast reset.
      if (room < LZ4_compressBound(size)) throw Failure(CINCH_DST_TOO_SMALL, "less room than bound");
      // The dense encoder needs a hundred times as long for noise as the fast one, which has the last word there.
      if (looks_incompressible(from, size, to, room) &&
          (!dense_ || encode_fast(from, size, to, room, acceleration_) > size - size / 64)) {
        return std::nullopt;
      }
      const int length = dense_ ? LZ4_compress_HC_extStateHC_fastReset(dense_.get(), from, to, size, room, level_)
                                : encode_fast(from, size, to, room, acceleration_);
      if (length <= 0) throw Failure(CINCH_INTERNAL, "LZ4 failed");
      if (length >= size) return std::nullopt;
      return static_cast<std::size_t>(length);
    }

   private:
    int encode_fast(const char* from, int size, char* to, int room, int acceleration) {
      return LZ4_compress_fast_extState_fastReset(fast_.get(), from, to, size, room, acceleration);
    }

    // Samples of a block tell noise from what is worth the rest of the time: with them the set of random bytes
    // takes 1.2 times as long as a raw one, without them 2 times. They are taken at twice the acceleration, which finds
    // as much in them, and are shorter than 4 KiB, from where on LZ4 clears its table each time. The first one is short
    // and settles it for nearly everything that is not noise.
    bool looks_incompressible(const char* from, int size, char* to, int room) {
      constexpr std::array sample_bytes = {1 << 10, (4 << 10) - 1, (4 << 10) - 1, (4 << 10) - 1};
      constexpr int last = static_cast<int>(sample_bytes.size()) - 1;
      constexpr int sampled = sample_bytes[0] + last * sample_bytes[last];
      if (size < 64 << 10) return false;
      int saved = 0;
      for (int i = 0; i <= last; ++i) {
        const int bytes = sample_bytes[static_cast<std::size_t>(i)];
        const char* sample = from + static_cast<std::ptrdiff_t>(size - bytes) * i / last;
        const int length = encode_fast(sample, bytes, to, room, 2 * acceleration_);
        saved += bytes - length;
        const bool has_repeats = length < bytes - bytes / 16;
        if (has_repeats || saved > sampled / 85) return false;
      }
      return true;
    }

    int acceleration_;
    int level_;
    std::unique_ptr<LZ4_stream_t, FreeStream> fast_;
    std::unique_ptr<LZ4_streamHC_t, FreeStream> dense_;
  };

  class Decoder {
   public:
    explicit Decoder(const Options&) {}

    void decode(const DecodeCall<NoPlan>& call) {
      if (call.from.size() > INT32_MAX || call.to.size() > LZ4_MAX_INPUT_SIZE) {
        throw Failure(CINCH_CORRUPT, "a block larger than LZ4 makes them");
      }
      const int expected = static_cast<int>(call.to.size());
      const int length =
          LZ4_decompress_safe(reinterpret_cast<const char*>(call.from.data()), reinterpret_cast<char*>(call.to.data()),
                              static_cast<int>(call.from.size()), expected);
      if (length < 0) throw Failure(CINCH_CORRUPT, "not a block of LZ4, or one of another length");
      if (length != expected) {
        throw Failure(CINCH_CORRUPT,
                      "decodes to " + std::to_string(length) + " bytes, expected " + std::to_string(expected));
      }
    }
  };
};

}  // namespace

CINCH_CODEC_PLUGIN("cinch.lz4", "1.0.0", "cinch", "Apache-2.0", "", Lz4)
