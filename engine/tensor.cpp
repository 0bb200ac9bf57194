#include "cinch/tensor.hpp"

#include <algorithm>

namespace cinch {
namespace {

struct DtypeName {
  Dtype dtype;
  std::uint32_t bits;
  std::string_view name;         // cinch's
  std::string_view safetensors;  // https://github.com/huggingface/safetensors, "Format"
};

// clang-format off
constexpr DtypeName dtype_names[] = {
    {Dtype::boolean, 8, "bool", "BOOL"},      {Dtype::u8, 8, "u8", "U8"},
    {Dtype::i8, 8, "i8", "I8"},               {Dtype::u16, 16, "u16", "U16"},
    {Dtype::i16, 16, "i16", "I16"},           {Dtype::u32, 32, "u32", "U32"},
    {Dtype::i32, 32, "i32", "I32"},           {Dtype::u64, 64, "u64", "U64"},
    {Dtype::i64, 64, "i64", "I64"},           {Dtype::f16, 16, "f16", "F16"},
    {Dtype::bf16, 16, "bf16", "BF16"},        {Dtype::f32, 32, "f32", "F32"},
    {Dtype::f64, 64, "f64", "F64"},           {Dtype::f8_e4m3, 8, "f8_e4m3", "F8_E4M3"},
    {Dtype::f8_e5m2, 8, "f8_e5m2", "F8_E5M2"},
};
// clang-format on

const DtypeName* find(Dtype dtype) noexcept {
  const auto* entry = std::ranges::find(dtype_names, dtype, &DtypeName::dtype);
  return entry == std::end(dtype_names) ? nullptr : entry;
}

Status misfit(const TensorShape& shape, const std::string& what) {
  return {StatusCode::invalid_argument, "tensor " + to_string(shape) + ": " + what};
}

/// Splits the last dimension into [heads, head_dim].
Result<TensorShape> with_heads(TensorShape shape, std::uint64_t head_dim) {
  if (!shape.token_axis) return misfit(shape, "head_dim needs a token axis beside it");
  const unsigned behind_axis = shape.ndim - *shape.token_axis - 1u;
  if (behind_axis == 0) return misfit(shape, "no dimension behind its token axis that would hold heads");
  std::uint64_t& last = shape.dims[shape.ndim - 1u];
  if (last == head_dim && behind_axis > 1) return shape;
  if (head_dim == 0 || last % head_dim != 0) {
    return misfit(shape,
                  "head_dim " + std::to_string(head_dim) + ", expected one that divides " + std::to_string(last));
  }
  if (shape.ndim == max_tensor_dims) return misfit(shape, "no room for a dimension of heads, expected at most 7");
  const std::uint64_t heads = last / head_dim;
  last = heads;
  shape.dims[shape.ndim++] = head_dim;
  return shape;
}

}  // namespace

std::uint32_t element_bits(Dtype dtype) noexcept {
  const DtypeName* entry = find(dtype);
  return entry ? entry->bits : 0;
}

bool is_float(Dtype dtype) noexcept {
  switch (dtype) {
    case Dtype::f16:
    case Dtype::bf16:
    case Dtype::f32:
    case Dtype::f64:
    case Dtype::f8_e4m3:
    case Dtype::f8_e5m2: return true;
    default: return false;
  }
}

std::string to_string(const TensorShape& shape) {
  std::string text = std::string(to_string(shape.dtype)) + " [";
  for (const std::uint64_t dim : shape.dimensions()) text += (text.back() == '[' ? "" : ", ") + std::to_string(dim);
  return text + "]";
}

std::string_view to_string(Dtype dtype) noexcept {
  const DtypeName* entry = find(dtype);
  return entry ? entry->name : std::string_view("unknown");
}

std::optional<Dtype> parse_dtype(std::string_view name) noexcept {
  for (const DtypeName& entry : dtype_names) {
    if (name == entry.name || name == entry.safetensors) return entry.dtype;
  }
  return std::nullopt;
}

Result<std::uint64_t> tensor_bytes(const TensorShape& shape) {
  const std::uint64_t bits = element_bits(shape.dtype);
  if (bits == 0) {
    return Status(StatusCode::invalid_argument,
                  "tensor: " + std::to_string(static_cast<unsigned>(shape.dtype)) + " is no element type");
  }
  if (shape.ndim > max_tensor_dims) {
    return Status(StatusCode::invalid_argument, "tensor: " + std::to_string(shape.ndim) +
                                                    " dimensions, expected at most " + std::to_string(max_tensor_dims));
  }
  if (shape.token_axis && *shape.token_axis >= shape.ndim) {
    return Status(StatusCode::invalid_argument, "tensor: token axis " + std::to_string(*shape.token_axis) +
                                                    ", expected one below " + std::to_string(shape.ndim));
  }
  std::uint64_t bytes = bits / 8;
  bool has_zero = false;
  for (const std::uint64_t dim : shape.dimensions()) {
    has_zero = has_zero || dim == 0;
    if (dim != 0 && __builtin_mul_overflow(bytes, dim, &bytes)) {
      return Status(StatusCode::invalid_argument, "tensor: the product of its dimensions overflows");
    }
  }
  return has_zero ? 0 : bytes;
}

Result<TensorShape> make_tensor(Dtype dtype, std::span<const std::uint64_t> dims,
                                std::optional<std::uint8_t> token_axis) {
  if (dims.size() > max_tensor_dims) {
    return Status(StatusCode::invalid_argument, "tensor: " + std::to_string(dims.size()) +
                                                    " dimensions, expected at most " + std::to_string(max_tensor_dims));
  }
  TensorShape shape;
  shape.dtype = dtype;
  shape.ndim = static_cast<std::uint8_t>(dims.size());
  std::ranges::copy(dims, shape.dims.begin());
  shape.token_axis = token_axis;
  if (!token_axis && dims.size() == 3) shape.token_axis = 0;
  if (Result<std::uint64_t> bytes = tensor_bytes(shape); !bytes) return bytes.error();
  return shape;
}

Result<TensorShape> with_layout(const TensorShape& shape, const TensorLayout& layout) {
  if (Result<std::uint64_t> bytes = tensor_bytes(shape); !bytes) return bytes.error();
  const bool is_strict = is_float(shape.dtype) && shape.ndim > 1;
  TensorShape laid_out = shape;
  if (layout.token_axis && *layout.token_axis < shape.ndim) {
    laid_out.token_axis = layout.token_axis;
  } else if (layout.token_axis && is_strict) {
    return misfit(shape, "token axis " + std::to_string(*layout.token_axis) + ", expected one below " +
                             std::to_string(shape.ndim));
  }
  if (!layout.head_dim) return laid_out;
  Result<TensorShape> split = with_heads(laid_out, *layout.head_dim);
  if (!split && !is_strict) return laid_out;
  return split;
}

}  // namespace cinch
