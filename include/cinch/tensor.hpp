/// Shape and element type of a value that is a tensor.
///
/// What: dense, row-major arrays of at most eight dimensions; KV caches are [tokens, heads, head_dim]. Threads,
/// ownership: plain values. Errors: `make_tensor` checks everything once; a shape made by hand is checked again by
/// `set`. Units: dimensions are counts of elements, sizes are bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cinch/export.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// Element types; the numbers are those of `cinch/codec_plugin.h` and are stored. Values of any other type are untyped,
/// and a codec for floats may take them for floats: name another codec for them, as `cinch import` does.
enum class Dtype : std::uint16_t {
  boolean = 1,
  u8 = 2,
  i8 = 3,
  u16 = 4,
  i16 = 5,
  u32 = 6,
  i32 = 7,
  u64 = 8,
  i64 = 9,
  f16 = 16,
  bf16 = 17,
  f32 = 18,
  f64 = 19,
  f8_e4m3 = 24,
  f8_e5m2 = 25,
};

inline constexpr std::size_t max_tensor_dims = 8;

/// A dense row-major tensor. `token_axis` is the dimension that counts tokens, if there is one; dimensions before it
/// are independent planes, those after it make up one token.
struct TensorShape {
  Dtype dtype = Dtype::u8;
  std::uint8_t ndim = 0;
  std::optional<std::uint8_t> token_axis;
  std::array<std::uint64_t, max_tensor_dims> dims{};

  std::span<const std::uint64_t> dimensions() const noexcept {
    return {dims.data(), std::min<std::size_t>(ndim, dims.size())};
  }
  bool operator==(const TensorShape&) const = default;
};

/// Checks number of dimensions, axis and overflow. Without `token_axis`, exactly three dimensions mean
/// [tokens, heads, head_dim], axis 0; any other number means that no token axis is known.
/// Errors: `invalid_argument`.
CINCH_API Result<TensorShape> make_tensor(Dtype dtype, std::span<const std::uint64_t> dims,
                                          std::optional<std::uint8_t> token_axis = std::nullopt);

/// What dimensions do not tell of a tensor.
struct TensorLayout {
  std::optional<std::uint8_t> token_axis;
  /// The length of one head, if the last dimension is heads · head_dim.
  std::optional<std::uint64_t> head_dim;

  bool empty() const noexcept { return !token_axis && !head_dim; }
  bool operator==(const TensorLayout&) const = default;
};

/// The same elements in this layout: its token axis replaces the shape's, and the last dimension is split into
/// [heads, head_dim] unless it is head_dim after a dimension of heads. Errors: `invalid_argument` when the layout does
/// not fit. But for elements that are no floats, and for a single dimension (token ids or scales among caches), what
/// does not fit is ignored.
CINCH_API Result<TensorShape> with_layout(const TensorShape& shape, const TensorLayout& layout);

/// Bits of one element: 16 for `bf16`; 0 for a number that is not a `Dtype`.
CINCH_API std::uint32_t element_bits(Dtype dtype) noexcept;

/// The length in bytes of a value of that shape; `invalid_argument` when the shape is malformed or it overflows.
CINCH_API Result<std::uint64_t> tensor_bytes(const TensorShape& shape);

/// Whether elements are floating-point numbers; a lossy codec may change only such values.
CINCH_API bool is_float(Dtype dtype) noexcept;

/// "bf16 [5461, 3, 64]"
CINCH_API std::string to_string(const TensorShape& shape);

/// "bf16"; "unknown" for a number that is not a `Dtype`.
CINCH_API std::string_view to_string(Dtype dtype) noexcept;

/// The inverse of `to_string`; also takes the names of the safetensors format ("BF16", "F8_E4M3").
CINCH_API std::optional<Dtype> parse_dtype(std::string_view name) noexcept;

}  // namespace cinch
