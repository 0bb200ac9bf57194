// Format `tensor` 1.0: floats without loss. README.md beside this file describes the bytes.
#include <cstring>

#include "cinch/codec_plugin.hpp"
#include "plugins/stream/stored_bytes.hpp"
#include "plugins/tensor/block.hpp"
#include "plugins/tensor/choose.hpp"
#include "plugins/tensor/plan.hpp"

namespace {

using namespace cinch::plugin;
using namespace cinch::tensor;
using cinch::stream::SlicePart;

/// Of a value without tokens a block may have any size.
SlicePart part_of(const cinch_slice_v1& slice, const Geometry& geometry, std::size_t size) {
  return geometry.has_tokens ? cinch::stream::slice_part(slice, geometry, size) : SlicePart();
}

/// A block by itself, for hosts that made no plan: as if it were a value of its own.
std::optional<Geometry> own_geometry(const cinch_slice_v1& slice, std::size_t size) {
  std::optional<Geometry> geometry = geometry_of(slice.shape, size);
  if (!geometry || !geometry->has_tokens) return geometry;
  part_of(slice, *geometry, size);
  geometry->planes = slice.n_planes;
  geometry->tokens = slice.n_tokens;
  return geometry;
}

struct Tensor {
  static constexpr char format[] = "tensor";
  static constexpr char implementation[] = "cinch.tensor";
  static constexpr std::uint16_t major = 1, minor = 0, decodes_major_min = 1;
  static constexpr std::uint64_t caps = CINCH_CAP_ENCODE | CINCH_CAP_DECODE | CINCH_CAP_DETERMINISTIC_ENC |
                                        CINCH_CAP_TYPED_OPTIONAL | CINCH_CAP_FUZZ_SAFE;
  static constexpr std::array<Parameter, 0> parameters{};

  static const char* target() { return cinch::simd::name_of(best_kernels().target); }

  static std::uint64_t bound(const Options&, const cinch_shape_v1* shape, std::uint64_t size) {
    if (!layout_of(shape)) {
      throw Failure(CINCH_VALUE_UNSUPPORTED, "takes floats of 8, 16 and 32 bits, and untyped bytes");
    }
    const std::optional<Geometry> geometry = geometry_of(shape, size);
    if (geometry && !geometry->is_worth_planning()) {
      throw Failure(CINCH_VALUE_UNSUPPORTED, "finds " + std::to_string(geometry->planes) + " planes of " +
                                                 std::to_string(geometry->tokens * geometry->token_bytes()) +
                                                 " bytes; is the token axis right?");
    }
    return size + 2 * encoder_slack;
  }

  static std::uint64_t plan_bound(const Options&, const cinch_shape_v1* shape, std::uint64_t size) {
    return max_plan_bytes(geometry_of(shape, size).value_or(Geometry()), size);
  }

  class Plan {
   public:
    Plan(const Options&, const cinch_shape_v1* shape, Input stored) : state_(open(shape, stored)) {}
    const PlanState& state() const { return state_; }

   private:
    static PlanState open(const cinch_shape_v1* shape, Input stored) {
      // Any size: the plan of a value without tokens does not depend on it.
      const std::optional<Geometry> geometry = geometry_of(shape, 1);
      if (!geometry) throw Failure(CINCH_CORRUPT, "a plan for values that are no floats");
      return PlanState(read_plan(stored, *geometry), *geometry, best_kernels());
    }
    const PlanState state_;
  };

  class Encoder {
   public:
    explicit Encoder(const Options&) : chooser_(best_kernels()), blocks_(best_kernels()) {}

    /// Always makes one: if nothing pays, the plan says so and every block is declined.
    std::optional<std::size_t> plan(const PlanCall& call) {
      const std::optional<Geometry> geometry = geometry_of(call.shape, call.value.size());
      if (!geometry) return std::nullopt;
      const StoredPlan chosen = chooser_.choose(*geometry, call.value);
      const std::vector<std::uint8_t> stored = write_plan(chosen, *geometry);
      if (stored.size() > call.to.size()) throw Failure(CINCH_INTERNAL, "a plan longer than its bound");
      std::ranges::copy(stored, call.to.begin());
      call.annotation = describe(chosen);
      return stored.size();
    }

    std::optional<std::size_t> encode(const EncodeCall<Plan>& call) {
      if (!call.plan) return encode_alone(call);
      const PlanState& plan = call.plan->state();
      return blocks_.encode(plan, part_of(call.slice, plan.geometry, call.from.size()), call.from, call.to);
    }

   private:
    /// Length of the plan, plan, block.
    std::optional<std::size_t> encode_alone(const EncodeCall<Plan>& call) {
      const std::optional<Geometry> geometry = own_geometry(call.slice, call.from.size());
      if (!geometry) return std::nullopt;
      const std::vector<std::uint8_t> stored = write_plan(chooser_.choose(*geometry, call.from), *geometry);
      const std::size_t before = sizeof(std::uint32_t) + stored.size();
      if (before > encoder_slack) return std::nullopt;
      const PlanState plan(read_plan(stored, *geometry), *geometry, best_kernels());
      const SlicePart all{0, geometry->planes, 0, geometry->tokens};
      const std::optional<std::size_t> length = blocks_.encode(plan, all, call.from, call.to.subspan(before));
      if (!length || before + *length >= call.from.size()) return std::nullopt;
      const auto plan_bytes = static_cast<std::uint32_t>(stored.size());
      std::memcpy(call.to.data(), &plan_bytes, sizeof plan_bytes);
      std::ranges::copy(stored, call.to.begin() + sizeof plan_bytes);
      return before + *length;
    }

    PlanChooser chooser_;
    BlockEncoder blocks_;
  };

  class Decoder {
   public:
    explicit Decoder(const Options&) {}

    void decode(const DecodeCall<Plan>& call) {
      if (!call.plan) {
        decode_alone(call);
        return;
      }
      const PlanState& plan = call.plan->state();
      decode_block(plan, part_of(call.slice, plan.geometry, call.to.size()), best_kernels(), call.from, call.to,
                   contexts_);
    }

   private:
    void decode_alone(const DecodeCall<Plan>& call) {
      const std::optional<Geometry> geometry = own_geometry(call.slice, call.to.size());
      if (!geometry) throw Failure(CINCH_CORRUPT, "a block of a value that has no floats");
      cinch::stream::ByteReader in(call.from);
      const PlanState plan(read_plan(in.take(in.take<std::uint32_t>()), *geometry), *geometry, best_kernels());
      decode_block(plan, {0, geometry->planes, 0, geometry->tokens}, best_kernels(), in.rest(), call.to, contexts_);
    }

    Aligned<std::uint8_t> contexts_;
  };
};

}  // namespace

CINCH_CODEC_PLUGIN("cinch.tensor", "1.0.0", "cinch", "Apache-2.0", "", Tensor)
