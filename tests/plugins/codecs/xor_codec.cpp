// `test.xor`: bytes xored with a key from the plan, trailing zeros left out. For tests of plans and shapes.
#include <numeric>

#include "cinch/codec_plugin.hpp"

namespace {

using namespace cinch::plugin;

struct Xor {
  static constexpr char format[] = "test.xor";
  static constexpr char implementation[] = "test.xor";
  static constexpr std::uint16_t major = 2, minor = 1, decodes_major_min = 1;
  static constexpr std::uint64_t caps = CINCH_CAP_ENCODE | CINCH_CAP_DECODE | CINCH_CAP_TYPED_OPTIONAL;
  static constexpr std::array parameters = {
      Parameter::text("mode", "plain", "plain/fancy"),
      Parameter::integer("salt", 0, 255, 0),
  };

  static const char* target() { throw Failure(CINCH_DEVICE, "it is not known"); }
  static std::uint64_t bound(const Options&, const cinch_shape_v1*, std::uint64_t size) { return size; }
  static std::uint64_t plan_bound(const Options&, const cinch_shape_v1*, std::uint64_t) { return 1; }

  class Plan {
   public:
    Plan(const Options&, const cinch_shape_v1*, Input stored) {
      if (stored.size() != 1) throw Failure(CINCH_CORRUPT, "a plan is one byte");
      key_ = stored[0];
    }
    std::uint8_t key() const { return key_; }

   private:
    std::uint8_t key_;
  };

  static void check_slice(const cinch_slice_v1& slice, std::size_t size) {
    const cinch_shape_v1* shape = slice.shape;
    if (!shape || shape->token_axis == CINCH_NO_TOKEN_AXIS) return;
    std::uint64_t token_bytes = shape->elem_bits / 8;
    for (int i = shape->token_axis + 1; i < shape->ndim; ++i) token_bytes *= shape->dims[i];
    if (slice.n_planes * slice.n_tokens * token_bytes != size) {
      throw Failure(CINCH_INVALID_ARG, "the slice is not as long as its block");
    }
  }

  class Encoder {
   public:
    explicit Encoder(const Options& options) : salt_(static_cast<std::uint8_t>(options.integer("salt"))) {}

    std::optional<std::size_t> plan(const PlanCall& call) {
      if (call.value.empty()) return std::nullopt;
      call.to[0] = std::accumulate(call.value.begin(), call.value.end(), salt_,
                                   [](std::uint8_t a, std::uint8_t b) { return static_cast<std::uint8_t>(a + b); });
      call.annotation = "key=" + std::to_string(call.to[0]);
      return 1;
    }

    std::optional<std::size_t> encode(const EncodeCall<Plan>& call) {
      check_slice(call.slice, call.from.size());
      const auto last = std::find_if(call.from.rbegin(), call.from.rend(), [](std::uint8_t b) { return b != 0; });
      const auto size = static_cast<std::size_t>(call.from.rend() - last);
      if (size == call.from.size() || !call.plan) return std::nullopt;
      for (std::size_t i = 0; i < size; ++i) call.to[i] = call.from[i] ^ call.plan->key();
      return size;
    }

   private:
    std::uint8_t salt_;
  };

  class Decoder {
   public:
    explicit Decoder(const Options&) {}

    void decode(const DecodeCall<Plan>& call) {
      check_slice(call.slice, call.to.size());
      if (!call.plan || call.from.size() > call.to.size()) throw Failure(CINCH_CORRUPT, "no plan, or too long");
      for (std::size_t i = 0; i < call.from.size(); ++i) call.to[i] = call.from[i] ^ call.plan->key();
      std::fill(call.to.begin() + static_cast<std::ptrdiff_t>(call.from.size()), call.to.end(), std::uint8_t{0});
    }
  };
};

}  // namespace

CINCH_CODEC_PLUGIN("test.xor", "2.1.0", "cinch tests", "Apache-2.0", "", Xor)
