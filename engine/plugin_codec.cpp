#include "engine/plugin_codec.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/guarded_buffer.hpp"

namespace cinch {
namespace {

// The bound is allocated immediately, so an absurd one is rejected as a breach of contract.
constexpr std::uint64_t max_growth = 64;  // times the value
constexpr std::uint64_t min_growth = std::uint64_t{1} << 20;

/// A shape or slice in the C layout, alive as long as this object.
class CShape {
 public:
  explicit CShape(const TensorShape* shape) {
    if (!shape) return;
    has_shape_ = true;
    shape_.struct_size = sizeof shape_;
    shape_.dtype = static_cast<std::uint16_t>(shape->dtype);
    shape_.ndim = shape->ndim;
    shape_.token_axis = shape->token_axis.value_or(CINCH_NO_TOKEN_AXIS);
    shape_.elem_bits = element_bits(shape->dtype);
    std::ranges::copy(shape->dimensions(), shape_.dims);
  }
  const cinch_shape_v1* get() const noexcept { return has_shape_ ? &shape_ : nullptr; }

 private:
  cinch_shape_v1 shape_{};
  bool has_shape_ = false;
};

cinch_slice_v1 to_c(const BlockSlice& slice, const CShape& shape) {
  cinch_slice_v1 out{};
  out.struct_size = sizeof out;
  out.shape = shape.get();
  out.first_plane = slice.first_plane;
  out.n_planes = slice.plane_count;
  out.first_token = slice.first_token;
  out.n_tokens = slice.token_count;
  out.byte_offset = slice.byte_offset;
  return out;
}

const std::uint8_t* input(ByteView bytes) noexcept { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }
std::uint8_t* output(MutableBytes bytes) noexcept { return reinterpret_cast<std::uint8_t*>(bytes.data()); }

class PluginPlanState final : public PlanState {
 public:
  explicit PluginPlanState(void (*close)(cinch_plan_state*)) noexcept : close_(close) {}
  PluginPlanState(const PluginPlanState&) = delete;
  PluginPlanState& operator=(const PluginPlanState&) = delete;
  ~PluginPlanState() override {
    if (state_) close_quietly(close_, state_);
  }

  /// Takes ownership of what the plugin has opened.
  void adopt(cinch_plan_state* opened) noexcept { state_ = opened; }

  static const cinch_plan_state* get(const PlanState* plan) noexcept {
    return plan ? static_cast<const PluginPlanState*>(plan)->state_ : nullptr;
  }

 private:
  cinch_plan_state* state_ = nullptr;
  void (*close_)(cinch_plan_state*);
};

}  // namespace

PluginCodec::PluginCodec(const ProviderTable& table, FormatId format, CodecTraits traits,
                         std::shared_ptr<Conviction> conviction)
    : Codec(std::move(format), traits, std::move(conviction)),
      table_(table),
      encoders_(table.functions.enc_close),
      decoders_(table.functions.dec_close) {}

Status PluginCodec::breach(std::string_view what) const {
  return {StatusCode::codec_misbehaved, name() + ": " + std::string(what)};
}

Result<Lent<cinch_enc_ctx>> PluginCodec::lend_encoder() const {
  if (cinch_enc_ctx* idle = encoders_.take()) return Lent(encoders_, idle);
  cinch_enc_ctx* context = nullptr;
  cinch_err_v1 error = no_error();
  Status status = checked_call(CallOn::fresh, name(), "enc_open", functions().enc_open, error, table_.provider,
                               parameters().data(), parameters().size(), &context, &error);
  if (status.ok() && !context) status = breach("enc_open answered OK without a context");
  if (!status.ok()) return status;
  return Lent(encoders_, context);
}

Result<Lent<cinch_dec_ctx>> PluginCodec::lend_decoder() const {
  if (cinch_dec_ctx* idle = decoders_.take()) return Lent(decoders_, idle);
  cinch_dec_ctx* context = nullptr;
  cinch_err_v1 error = no_error();
  Status status =
      checked_call(CallOn::stored, name(), "dec_open", functions().dec_open, error, table_.provider, format().major,
                   format().minor, parameters().data(), parameters().size(), &context, &error);
  if (status.ok() && !context) status = breach("dec_open answered OK without a context");
  if (!status.ok()) return status;
  return Lent(decoders_, context);
}

Result<std::size_t> PluginCodec::ask_bound(std::string_view call_name, decltype(cinch_provider_v1::bound) function,
                                           std::size_t size, const TensorShape* shape) const {
  const CShape c_shape(shape);
  std::uint64_t most = 0;
  cinch_err_v1 error = no_error();
  const Result<std::int32_t> code = call(name(), call_name, function, table_.provider, parameters().data(),
                                         parameters().size(), c_shape.get(), std::uint64_t{size}, &most, &error);
  if (!code) return code.error();
  if (*code == CINCH_OK) {
    if (most / max_growth <= size + min_growth) return static_cast<std::size_t>(most);
    return breach(std::string(call_name) + " asks for " + std::to_string(most) + " bytes for a value of " +
                  std::to_string(size));
  }
  if (*code == CINCH_LIMIT) {
    return Status(StatusCode::too_large, name() + ": " + std::to_string(size) + " bytes are more than it takes");
  }
  const StatusCode said = *code == CINCH_VALUE_UNSUPPORTED ? StatusCode::unsupported
                          : *code == CINCH_INVALID_ARG     ? StatusCode::invalid_argument
                                                           : StatusCode::codec_failed;
  // Meant for the user.
  if (said != StatusCode::codec_failed) return Status(said, name() + ": " + message_of(error, *code));
  return Status(said, describe(name(), call_name, error, *code));
}

Result<std::size_t> PluginCodec::do_bound(std::size_t size, const TensorShape* shape) const {
  return ask_bound("bound", functions().bound, size, shape);
}

Result<std::optional<std::size_t>> PluginCodec::do_compress(const BlockSlice& slice, const PlanState* plan,
                                                            ByteView block, MutableBytes to) const {
  const Result<Lent<cinch_enc_ctx>> context = lend_encoder();
  if (!context) return context.error();
  const CShape shape(slice.shape);
  const cinch_slice_v1 c_slice = to_c(slice, shape);
  std::size_t length = SIZE_MAX;  // if the plugin does not set it, it exceeds every bound
  cinch_err_v1 error = no_error();
  const Result<std::int32_t> code =
      call(name(), "enc_run", functions().enc_run, context->get(), PluginPlanState::get(plan), &c_slice, input(block),
           block.size(), output(to), to.size(), &length, &error);
  if (!code) return code.error();
  if (*code == CINCH_DST_TOO_SMALL) return breach("enc_run finds its own bound too small");
  if (*code != CINCH_OK && *code != CINCH_DECLINED) {
    return Status(status_code(CallOn::fresh, *code), describe(name(), "enc_run", error, *code));
  }
  if (*code == CINCH_DECLINED) return std::optional<std::size_t>();
  return std::optional(length);
}

Result<LossSums> PluginCodec::do_measure(const BlockSlice& slice, ByteView original, ByteView decoded) const {
  const CShape shape(slice.shape);
  const cinch_slice_v1 c_slice = to_c(slice, shape);
  cinch_loss_v1 lost{};
  lost.struct_size = sizeof lost;
  cinch_err_v1 error = no_error();
  Status status =
      checked_call(CallOn::fresh, name(), "measure", functions().measure, error, table_.provider, parameters().data(),
                   parameters().size(), &c_slice, input(original), input(decoded), original.size(), &lost, &error);
  if (!status.ok()) return status;
  const auto is_sum = [](auto field) { return std::isfinite(field) && field >= 0; };
  if (!is_sum(lost.sum_sq_error) || !is_sum(lost.sum_sq) || !is_sum(lost.worst_row) || !is_sum(lost.max_abs)) {
    return breach("measure gives what is negative or not finite");
  }
  return LossSums{lost.sum_sq_error, lost.sum_sq, lost.worst_row, lost.max_abs};
}

Status PluginCodec::do_decompress(const BlockSlice& slice, const PlanState* plan, ByteView encoded,
                                  MutableBytes to) const {
  const Result<Lent<cinch_dec_ctx>> context = lend_decoder();
  if (!context) return context.error();
  const CShape shape(slice.shape);
  const cinch_slice_v1 c_slice = to_c(slice, shape);
  cinch_err_v1 error = no_error();
  return checked_call(CallOn::stored, name(), "dec_run", functions().dec_run, error, context->get(),
                      PluginPlanState::get(plan), &c_slice, input(encoded), encoded.size(), output(to), to.size(),
                      &error);
}

Result<std::optional<Plan>> PluginCodec::do_plan(ByteView value, const TensorShape* shape,
                                                 std::uint64_t block_bytes) const {
  if (!functions().plan) return std::optional<Plan>();
  const Result<std::size_t> most = ask_bound("plan_bound", functions().plan_bound, value.size(), shape);
  if (!most) return most.error();
  const Result<Lent<cinch_enc_ctx>> context = lend_encoder();
  if (!context) return context.error();
  const CShape c_shape(shape);
  GuardedBuffer room(*most);
  std::size_t length = SIZE_MAX;
  char annotation[CINCH_ANNOTATION_BYTES] = {};
  cinch_err_v1 error = no_error();
  const Result<std::int32_t> code =
      call(name(), "plan", functions().plan, context->get(), c_shape.get(), block_bytes, input(value), value.size(),
           output(room.bytes()), *most, &length, annotation, &error);
  if (!room.is_intact()) return breach("plan wrote outside its buffer");
  if (!code) return code.error();
  if (*code == CINCH_DECLINED) return std::optional<Plan>();
  if (*code != CINCH_OK) return Status(status_code(CallOn::fresh, *code), describe(name(), "plan", error, *code));
  if (length > *most) return breach("plan answered a length over its own plan_bound");
  const MutableBytes made = room.bytes().first(length);
  return std::optional(Plan{{made.begin(), made.end()}, {annotation, strnlen(annotation, sizeof annotation)}});
}

Result<std::shared_ptr<const PlanState>> PluginCodec::do_open_plan(ByteView plan, const TensorShape* shape) const {
  if (!functions().plan_open) {
    return Status(StatusCode::corruption, name() + ": the value has a plan, and this provider makes none");
  }
  const CShape c_shape(shape);
  // Allocated before the plugin opens its state, which could leak otherwise.
  auto state = std::make_shared<PluginPlanState>(functions().plan_close);
  cinch_plan_state* opened = nullptr;  // after a failure it may hold anything, and is not to be closed
  cinch_err_v1 error = no_error();
  Status status = checked_call(CallOn::stored, name(), "plan_open", functions().plan_open, error, table_.provider,
                               format().major, format().minor, parameters().data(), parameters().size(), c_shape.get(),
                               input(plan), plan.size(), &opened, &error);
  if (status.ok() && !opened) status = breach("plan_open answered OK without a state");
  if (!status.ok()) return status;
  state->adopt(opened);
  return std::shared_ptr<const PlanState>(std::move(state));
}

}  // namespace cinch
