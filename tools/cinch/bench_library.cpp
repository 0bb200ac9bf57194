#include "bench_library.hpp"

#include <lz4.h>
#include <lz4hc.h>
#include <zstd.h>

#include <charconv>

namespace cinch::tool {
namespace {

/// A parameter of a canonical spec, "level=9,long=27".
int parameter(const FormatId& format, std::string_view key, int fallback) {
  std::string_view rest = format.parameters;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    if (one.starts_with(key) && one.substr(key.size()).starts_with('=')) {
      int number = fallback;
      std::from_chars(one.data() + key.size() + 1, one.data() + one.size(), number);
      return number;
    }
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
  return fallback;
}

const char* chars(ByteView bytes) { return reinterpret_cast<const char*>(bytes.data()); }
char* chars(MutableBytes bytes) { return reinterpret_cast<char*>(bytes.data()); }

class Lz4Library final : public LibraryCodec {
 public:
  explicit Lz4Library(const FormatId& format)
      : acceleration_(parameter(format, "acceleration", 1)), level_(parameter(format, "hc", 0)) {}

  std::size_t bound(std::size_t size) const override {
    return static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(size)));
  }

  std::size_t compress(ByteView from, MutableBytes to) override {
    const int size = static_cast<int>(from.size());
    const int room = static_cast<int>(to.size());
    const int length = level_ == 0 ? LZ4_compress_fast(chars(from), chars(to), size, room, acceleration_)
                                   : LZ4_compress_HC(chars(from), chars(to), size, room, level_);
    return static_cast<std::size_t>(std::max(length, 0));
  }

  std::size_t decompress(ByteView from, MutableBytes to) override {
    const int length =
        LZ4_decompress_safe(chars(from), chars(to), static_cast<int>(from.size()), static_cast<int>(to.size()));
    return static_cast<std::size_t>(std::max(length, 0));
  }

 private:
  int acceleration_;
  int level_;
};

class ZstdLibrary final : public LibraryCodec {
 public:
  explicit ZstdLibrary(const FormatId& format) : encoder_(ZSTD_createCCtx()), decoder_(ZSTD_createDCtx()) {
    if (!encoder_ || !decoder_) throw std::bad_alloc();
    set(ZSTD_c_compressionLevel, parameter(format, "level", 3));
    if (const int window_log = parameter(format, "long", 0); window_log != 0) {
      set(ZSTD_c_enableLongDistanceMatching, 1);
      set(ZSTD_c_windowLog, window_log);
      ZSTD_DCtx_setParameter(decoder_.get(), ZSTD_d_windowLogMax, window_log);
    }
  }

  std::size_t bound(std::size_t size) const override { return ZSTD_compressBound(size); }

  std::size_t compress(ByteView from, MutableBytes to) override {
    return length_of(ZSTD_compress2(encoder_.get(), to.data(), to.size(), from.data(), from.size()));
  }

  std::size_t decompress(ByteView from, MutableBytes to) override {
    return length_of(ZSTD_decompressDCtx(decoder_.get(), to.data(), to.size(), from.data(), from.size()));
  }

 private:
  void set(ZSTD_cParameter key, int number) { ZSTD_CCtx_setParameter(encoder_.get(), key, number); }
  static std::size_t length_of(std::size_t result) { return ZSTD_isError(result) ? 0 : result; }

  struct Free {
    void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> encoder_;
  std::unique_ptr<ZSTD_DCtx, Free> decoder_;
};

}  // namespace

std::unique_ptr<LibraryCodec> library_codec(const FormatId& format) {
  if (format.name == "lz4") return std::make_unique<Lz4Library>(format);
  if (format.name == "zstd") return std::make_unique<ZstdLibrary>(format);
  return nullptr;
}

}  // namespace cinch::tool
