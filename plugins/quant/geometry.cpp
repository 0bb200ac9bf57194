#include "plugins/quant/geometry.hpp"

#include <string>

#include "cinch/codec_plugin_options.hpp"
#include "plugins/stream/slice_part.hpp"

namespace cinch::quant {
namespace {

using plugin::Failure;

constexpr std::uint64_t min_dim = 32;

Element element_of(std::uint16_t dtype) {
  switch (dtype) {
    case CINCH_DTYPE_BF16: return Element::bf16;
    case CINCH_DTYPE_F16: return Element::f16;
    case CINCH_DTYPE_F32: return Element::f32;
    case CINCH_DTYPE_F8_E4M3: return Element::f8_e4m3;
    case CINCH_DTYPE_F8_E5M2: return Element::f8_e5m2;
    default: throw Failure(CINCH_VALUE_UNSUPPORTED, "takes bf16, f16, f32, f8_e4m3 and f8_e5m2 alone");
  }
}

/// Whether `channels` are a head, or several heads of one length.
bool can_hold_heads(std::uint64_t channels) {
  if (channels <= max_dim) return channels >= min_dim;
  std::uint64_t dim = max_dim;
  while (dim >= min_dim && channels % dim != 0) --dim;
  return dim >= min_dim;
}

[[noreturn]] void ask(const std::string& what) {
  throw Failure(CINCH_INVALID_ARG, what + "; give token_axis and head_dim (--token-axis, --head-dim, or in the rule)");
}

}  // namespace

Geometry::Geometry(const cinch_shape_v1* shape) {
  if (!shape) throw Failure(CINCH_VALUE_UNSUPPORTED, "takes tensors alone");
  element = element_of(shape->dtype);
  if (shape->ndim < 2)
    throw Failure(CINCH_VALUE_UNSUPPORTED, "takes tensors of tokens and heads, two dimensions at least");
  const std::uint64_t last = shape->dims[shape->ndim - 1];
  const auto heads_wanted = [last] {
    return "needs heads of " + std::to_string(min_dim) + " to " + std::to_string(max_dim) + ", the last dimension is " +
           std::to_string(last);
  };
  // What no token axis or head_dim could mend is not asked for.
  if (!can_hold_heads(last)) throw Failure(CINCH_VALUE_UNSUPPORTED, heads_wanted());
  if (shape->token_axis == CINCH_NO_TOKEN_AXIS) ask("needs to know which axis is that of the tokens");
  if (shape->ndim < shape->token_axis + 3) ask("needs the dimension of a head as the last one");
  if (last > max_dim) {
    throw Failure(CINCH_INVALID_ARG,
                  heads_wanted() + "; split it by a head_dim that divides it (--head-dim, or in the rule)");
  }
  dim = static_cast<std::uint32_t>(last);
  const stream::TokenGrid grid(*shape);
  planes = grid.planes;
  outermost = shape->token_axis > 1 ? shape->dims[0] : 1;
  tokens = grid.tokens;
  if (grid.token_elements / last > UINT32_MAX / max_dim) throw Failure(CINCH_VALUE_UNSUPPORTED, "too many heads");
  heads = static_cast<std::uint32_t>(grid.token_elements / last);
}

void Geometry::check_worth() const {
  constexpr std::uint64_t max_heads = 4096, max_heads_of_all = 16384, min_tokens = 16;
  const auto check = [](std::uint64_t found, std::uint64_t most, std::uint64_t tokens_of_each) {
    if (found <= most || tokens_of_each >= min_tokens) return;
    throw Failure(CINCH_VALUE_UNSUPPORTED, "finds " + std::to_string(found) + " heads of " +
                                               std::to_string(tokens_of_each) + " tokens; is the token axis right?");
  };
  check(heads, max_heads, tokens);
  // Planes of so few tokens share their heads' properties with all that have the same first index.
  if (outermost > 0) check(outermost * heads, max_heads_of_all, planes / outermost * tokens);
}

}  // namespace cinch::quant
