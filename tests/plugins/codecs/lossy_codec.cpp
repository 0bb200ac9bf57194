// `test.lossy`: the high nibble of every byte. For tests of lossy formats; takes no integers but bytes, and asks for
// the token axis of floats.
#include <cmath>
#include <cstdlib>

#include "cinch/codec_plugin.hpp"

namespace {

using namespace cinch::plugin;

struct Lossy {
  static constexpr char format[] = "test.lossy";
  static constexpr char implementation[] = "test.lossy";
  static constexpr std::uint16_t major = 1, minor = 0, decodes_major_min = 1;
  static constexpr std::uint64_t caps =
      CINCH_CAP_ENCODE | CINCH_CAP_DECODE | CINCH_CAP_DETERMINISTIC_ENC | CINCH_CAP_LOSSY;
  static constexpr std::array<Parameter, 0> parameters{};

  static std::uint64_t bound(const Options&, const cinch_shape_v1* shape, std::uint64_t size) {
    const bool is_float = shape && shape->dtype >= CINCH_DTYPE_F16;
    if (shape && !is_float && shape->dtype != CINCH_DTYPE_U8) {
      throw Failure(CINCH_VALUE_UNSUPPORTED, "takes bytes and floats alone");
    }
    if (is_float && shape->token_axis == CINCH_NO_TOKEN_AXIS) throw Failure(CINCH_INVALID_ARG, "needs the token axis");
    return size / 2 + size % 2;
  }

  static const char* target() { return "scalar"; }
  static std::uint64_t block_bytes(const Options&) { return 1; }

  // Bytes are taken as numbers from 0 to 255, the whole block as one row.
  static void measure(const Options&, const cinch_slice_v1&, Input original, Input decoded, cinch_loss_v1& loss) {
    for (std::size_t i = 0; i < original.size(); ++i) {
      const int error = original[i] - decoded[i];
      loss.sum_sq_error += error * error;
      loss.sum_sq += original[i] * original[i];
      loss.max_abs = std::max(loss.max_abs, static_cast<float>(std::abs(error)));
    }
    if (loss.sum_sq > 0) loss.worst_row = static_cast<float>(std::sqrt(loss.sum_sq_error / loss.sum_sq));
  }

  class Encoder {
   public:
    explicit Encoder(const Options&) {}

    std::optional<std::size_t> encode(const EncodeCall<NoPlan>& call) {
      for (std::size_t i = 0; i < call.from.size(); ++i) {
        const auto high = static_cast<std::uint8_t>(call.from[i] >> 4);
        call.to[i / 2] = i % 2 == 0 ? high : static_cast<std::uint8_t>(call.to[i / 2] | high << 4);
      }
      return call.from.size() / 2 + call.from.size() % 2;
    }
  };

  class Decoder {
   public:
    explicit Decoder(const Options&) {}

    void decode(const DecodeCall<NoPlan>& call) {
      if (call.from.size() != call.to.size() / 2 + call.to.size() % 2) throw Failure(CINCH_CORRUPT, "another length");
      for (std::size_t i = 0; i < call.to.size(); ++i) {
        const int both = call.from[i / 2];
        call.to[i] = static_cast<std::uint8_t>((i % 2 == 0 ? both & 0x0f : both >> 4) << 4);
      }
    }
  };
};

}  // namespace

CINCH_CODEC_PLUGIN("test.lossy", "1.0.0", "cinch tests", "Apache-2.0", "", Lossy)
