// `quant`: tensors of floats with a bounded error in every row. README.md describes the stream.
#include <cmath>

#include "cinch/codec_plugin.hpp"
#include "plugins/quant/block_decoder.hpp"
#include "plugins/quant/block_encoder.hpp"
#include "plugins/quant/target_search.hpp"

namespace {

using namespace cinch::plugin;
namespace quant = cinch::quant;

/// To five decimals, up, so that rows keep the bound that the text states; an excess of less than a thousandth of the
/// last one counts as a float's inaccuracy. Requires: 0 to 1.
double rounded_up(float error) { return static_cast<int>(static_cast<double>(error) * 1e5 + 0.999) / 1e5; }

/// The schemes that some head's mean turns by.
std::vector<quant::RopeScheme> schemes_in_use(const quant::PlanParts& parts) {
  std::vector<quant::RopeScheme> out;
  for (std::size_t i = 0; i < parts.schemes.size(); ++i) {
    const auto kind = quant::first_turning_mean + i;
    const bool is_used = std::ranges::any_of(parts.heads, [kind](const auto& head) { return head.mean_kind == kind; });
    if (is_used) out.push_back(parts.schemes[i]);
  }
  return out;
}

/// The error, if it was searched for, and how the means of K turn: of several schemes the last one, with as many bases
/// of all as there is room for.
std::string annotation_of(const quant::PlanParts& parts, std::uint32_t dim, bool is_searched) {
  std::string out = is_searched ? "error=" + Options::shortest(rounded_up(parts.error)) + "," : "";
  const std::vector<quant::RopeScheme> schemes = schemes_in_use(parts);
  if (schemes.empty()) return out + "rope=none";
  const quant::RopeScheme& last = schemes.back();
  out += last.pairing == cinch::rotary::Pairing::halves ? "rope=halves" : "rope=interleaved";
  const std::string part = last.rotary_dim < dim / 2 * 2 ? ",rotary_dim=" + std::to_string(last.rotary_dim) : "";
  std::string bases;
  for (const quant::RopeScheme& scheme : schemes) {
    const std::string base = scheme.base > 0 ? Options::shortest(scheme.base) : "inv_freq";
    const std::string more = (bases.empty() ? ",theta=" : "/") + base;
    if (out.size() + bases.size() + more.size() + part.size() < CINCH_ANNOTATION_BYTES) bases += more;
  }
  return out + bases + part;
}

struct Quant {
  static constexpr char format[] = "quant";
  static constexpr char implementation[] = "cinch.quant";
  static constexpr std::uint16_t major = 1, minor = 0, decodes_major_min = 1;
  static constexpr std::uint64_t caps = CINCH_CAP_ENCODE | CINCH_CAP_DECODE | CINCH_CAP_DETERMINISTIC_ENC |
                                        CINCH_CAP_FUZZ_SAFE | CINCH_CAP_LOSSY | CINCH_CAP_TYPED_REQUIRED;
  static constexpr auto parameters = quant::Parameters::table;

  static void check(const Options& options) { quant::Parameters::check(options); }
  static const char* target() { return cinch::simd::name_of(quant::best_kernels().target); }

  static std::uint64_t bound(const Options& options, const cinch_shape_v1* shape, std::uint64_t size) {
    if (shape) {
      const quant::Geometry geometry(shape);
      geometry.check_worth();
      // Called for every block, so parameters are read only if some concern heads.
      if (options.is_given("rotary_dim") || options.is_given("inv_freq")) {
        quant::Parameters(options).check_head(geometry.dim);
      }
    }
    return size + quant::encoder_slack;
  }
  static std::uint64_t plan_bound(const Options&, const cinch_shape_v1* shape, std::uint64_t) {
    return quant::plan_bound(quant::Geometry(shape));
  }

  class Plan : public quant::Plan {
   public:
    Plan(const Options& options, const cinch_shape_v1* shape, Input stored)
        : quant::Plan(quant::Parameters(options), quant::Geometry(shape), stored, quant::best_kernels()) {}
  };

  class Encoder {
   public:
    explicit Encoder(const Options& options) : parameters_(options), parameter_bytes_(options.canonical().size()) {}

    std::optional<std::size_t> plan(const PlanCall& call) {
      const quant::Geometry geometry(call.shape);
      parameters_.check_head(geometry.dim);
      if (call.value.empty()) return std::nullopt;
      float error = parameters_.error;
      if (parameters_.target > 0) {
        const quant::HostFrame frame{call.block_bytes, parameter_bytes_};
        const auto found = quant::error_for_target(parameters_, geometry, planner_, encoder_, call.value, frame);
        if (!found) return std::nullopt;
        error = *found;
      }
      const quant::PlanParts parts = planner_.plan(geometry, call.value, error);
      call.annotation = annotation_of(parts, geometry.dim, parameters_.target > 0);
      bytes_.clear();
      parts.write(bytes_);
      if (bytes_.size() > call.to.size()) throw Failure(CINCH_INTERNAL, "a plan beyond its bound");
      std::ranges::copy(bytes_, call.to.begin());
      return bytes_.size();
    }

    std::optional<std::size_t> encode(const EncodeCall<Plan>& call) {
      if (!call.plan) return std::nullopt;
      const auto part = cinch::stream::slice_part(call.slice, call.plan->geometry(), call.from.size());
      return encoder_.encode(*call.plan, parameters_, part, call.from, call.to);
    }

   private:
    const quant::Parameters parameters_;
    const std::size_t parameter_bytes_;
    quant::Planner planner_{parameters_, quant::best_kernels()};
    quant::BlockEncoder encoder_;
    std::vector<std::uint8_t> bytes_;
  };

  class Decoder {
   public:
    explicit Decoder(const Options&) {}

    void decode(const DecodeCall<Plan>& call) {
      if (!call.plan) throw Failure(CINCH_CORRUPT, "a value of quant without its plan");
      const auto part = cinch::stream::slice_part(call.slice, call.plan->geometry(), call.to.size());
      decoder_.decode(*call.plan, part, call.from, call.to);
    }

   private:
    quant::BlockDecoder decoder_;
  };

  static void measure(const Options&, const cinch_slice_v1& slice, Input original, Input decoded, cinch_loss_v1& loss) {
    const quant::Geometry geometry(slice.shape);
    quant::Loss sums{};
    quant::best_kernels().measure(original.data(), decoded.data(), original.size() / geometry.row_bytes(), geometry.dim,
                                  geometry.element, sums);
    loss.sum_sq_error = sums.squared_error;
    loss.sum_sq = sums.squared;
    loss.worst_row = std::sqrt(sums.worst_row);
    loss.max_abs = sums.max_abs;
  }
};

}  // namespace

CINCH_CODEC_PLUGIN("cinch.quant", "1.0.0", "cinch", "Apache-2.0", "", Quant)
