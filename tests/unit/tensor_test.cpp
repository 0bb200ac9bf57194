#include "cinch/tensor.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cinch {
namespace {

Result<TensorShape> make(Dtype dtype, std::vector<std::uint64_t> dims,
                         std::optional<std::uint8_t> axis = std::nullopt) {
  return make_tensor(dtype, dims, axis);
}

TEST(TensorTest, ThreeDimensionsAreTokensHeadsAndDim) {
  EXPECT_EQ(make(Dtype::bf16, {1024, 3, 64})->token_axis, 0);
  EXPECT_EQ(make(Dtype::bf16, {1024, 192})->token_axis, std::nullopt);
  EXPECT_EQ(make(Dtype::bf16, {2, 30, 256, 192}, 2)->token_axis, 2);
}

TEST(TensorTest, BytesAreElementsTimesTheirSize) {
  EXPECT_EQ(tensor_bytes(*make(Dtype::bf16, {1024, 3, 64})).value(), 1024u * 3 * 64 * 2);
  EXPECT_EQ(tensor_bytes(*make(Dtype::f64, {})).value(), 8u);
  EXPECT_EQ(tensor_bytes(*make(Dtype::u8, {5, 0, 7})).value(), 0u);
}

TEST(TensorTest, WhatIsNoShapeIsRefused) {
  EXPECT_FALSE(make(Dtype::u8, std::vector<std::uint64_t>(9, 1)));
  EXPECT_FALSE(make(Dtype::u8, {4, 4}, 2));
  EXPECT_FALSE(make(static_cast<Dtype>(999), {4}));
  EXPECT_FALSE(make(Dtype::f32, {std::uint64_t{1} << 32, std::uint64_t{1} << 31}));
  EXPECT_FALSE(make(Dtype::f32, {std::uint64_t{1} << 32, std::uint64_t{1} << 32, 0}));
}

TEST(TensorLayoutTest, SplitsMergedHeads) {
  const auto laid_out = [](std::initializer_list<std::uint64_t> dims, TensorLayout layout) {
    const Result<TensorShape> shape = with_layout(*make(Dtype::bf16, dims), layout);
    return shape ? to_string(*shape) : std::string(shape.status().message());
  };
  EXPECT_EQ(laid_out({5, 192}, {0, 64}), "bf16 [5, 3, 64]");
  EXPECT_EQ(laid_out({5, 64}, {0, 64}), "bf16 [5, 1, 64]");
  EXPECT_EQ(laid_out({5, 3, 64}, {{}, 64}), "bf16 [5, 3, 64]");
  EXPECT_EQ(laid_out({2, 30, 5, 192}, {2, 64}), "bf16 [2, 30, 5, 3, 64]");
  EXPECT_EQ(laid_out({2, 5, 64}, {1, 64}), "bf16 [2, 5, 1, 64]");
  EXPECT_EQ(laid_out({5, 192}, {0, 100}), "tensor bf16 [5, 192]: head_dim 100, expected one that divides 192");
  EXPECT_EQ(laid_out({5, 192}, {0, 0}), "tensor bf16 [5, 192]: head_dim 0, expected one that divides 192");
  EXPECT_EQ(laid_out({5, 192}, {{}, 64}), "tensor bf16 [5, 192]: head_dim needs a token axis beside it");
  EXPECT_EQ(laid_out({5, 192}, {1, 64}),
            "tensor bf16 [5, 192]: no dimension behind its token axis that would hold heads");
  EXPECT_EQ(laid_out({5, 192}, {2, {}}), "tensor bf16 [5, 192]: token axis 2, expected one below 2");
  EXPECT_EQ(laid_out({1, 1, 1, 1, 1, 1, 5, 192}, {6, 64}),
            "tensor bf16 [1, 1, 1, 1, 1, 1, 5, 192]: no room for a dimension of heads, expected at most 7");
}

TEST(TensorLayoutTest, OfOneDimensionTakesWhatFits) {
  const TensorShape scales = *make(Dtype::f32, {64});
  EXPECT_EQ(with_layout(scales, {2, 64}).value(), scales);
  EXPECT_EQ(with_layout(scales, {0, 64}).value(), *make(Dtype::f32, {64}, 0));
}

TEST(TensorLayoutTest, OfIntegersTakesWhatFits) {
  const TensorShape ids = *make(Dtype::i32, {5461});
  EXPECT_EQ(with_layout(ids, {2, 64}).value(), ids);
  EXPECT_EQ(with_layout(ids, {0, 64})->token_axis, 0);
  EXPECT_EQ(to_string(with_layout(*make(Dtype::i8, {5, 192}), {0, 64}).value()), "i8 [5, 3, 64]");
}

TEST(TensorTest, DtypeNamesAreReadBack) {
  for (int number = 0; number < 64; ++number) {
    const auto dtype = static_cast<Dtype>(number);
    if (element_bits(dtype) == 0) continue;
    EXPECT_EQ(parse_dtype(to_string(dtype)), dtype);
  }
  EXPECT_EQ(parse_dtype("BF16"), Dtype::bf16);
  EXPECT_EQ(parse_dtype("F8_E4M3"), Dtype::f8_e4m3);
  EXPECT_EQ(parse_dtype("F4"), std::nullopt);
}

}  // namespace
}  // namespace cinch
