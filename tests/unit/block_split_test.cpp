#include "engine/block_split.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace cinch {
namespace {

void expect_tiles(std::uint64_t size, const TensorShape* shape, std::uint64_t block_bytes) {
  const BlockSplit split(size, shape, block_bytes);
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < split.count(); ++i) {
    const BlockPart part = split[i];
    ASSERT_EQ(part.slice.byte_offset, at) << i;
    at += part.size;
  }
  EXPECT_EQ(at, size);
}

TEST(BlockSplitTest, SmallValuesAndLengthZeroAreOneBlock) {
  EXPECT_EQ(BlockSplit(0, nullptr, 0).count(), 1u);
  EXPECT_EQ(BlockSplit(0, nullptr, 64).count(), 1u);
  EXPECT_EQ(BlockSplit(100, nullptr, 100).count(), 1u);
  EXPECT_EQ(BlockSplit(1 << 20, nullptr, 0).count(), 1u);
}

TEST(BlockSplitTest, UntypedBlocksAreMultiplesOf64) {
  const BlockSplit split(1000, nullptr, 300);
  EXPECT_EQ(split[0].size, 256u);
  EXPECT_EQ(split.count(), 4u);
  EXPECT_EQ(split[3].size, 1000u - 3 * 256);
  EXPECT_EQ(BlockSplit(1000, nullptr, 1)[0].size, 64u);
}

TEST(BlockSplitTest, TokensOfOnePlaneWhereAPlaneIsTooLong) {
  const TensorShape shape = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{2, 10, 4}, 1);  // 80 bytes a plane
  const BlockSplit split(160, &shape, 30);                                                       // 3 tokens a block
  ASSERT_EQ(split.count(), 8u);
  EXPECT_EQ(split[3].size, 8u);
  EXPECT_EQ(split[3].slice.first_token, 9u);
  EXPECT_EQ(split[4].slice.first_plane, 1u);
  EXPECT_EQ(split[4].slice.first_token, 0u);
  EXPECT_EQ(split[4].slice.token_count, 3u);
}

TEST(BlockSplitTest, WholePlanesWhereTheyFit) {
  const TensorShape shape = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{5, 10, 4}, 1);
  const BlockSplit split(400, &shape, 170);
  ASSERT_EQ(split.count(), 3u);
  EXPECT_EQ(split[1].slice.first_plane, 2u);
  EXPECT_EQ(split[1].slice.plane_count, 2u);
  EXPECT_EQ(split[2].slice.plane_count, 1u);
  EXPECT_EQ(split[2].slice.token_count, 10u);
}

TEST(BlockSplitTest, ATokenLongerThanABlockIsABlock) {
  const TensorShape shape = *make_tensor(Dtype::f32, std::vector<std::uint64_t>{3, 4, 64}, 0);
  EXPECT_EQ(BlockSplit(3 * 1024, &shape, 100).count(), 3u);
}

TEST(BlockSplitTest, BlocksTileEveryValue) {
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    SCOPED_TRACE("seed 11, round " + std::to_string(round));
    std::vector<std::uint64_t> dims(random() % 5);
    for (std::uint64_t& dim : dims) dim = random() % 7;
    std::optional<std::uint8_t> axis;
    if (!dims.empty() && random() % 4 != 0) axis = static_cast<std::uint8_t>(random() % dims.size());
    const Result<TensorShape> shape = make_tensor(Dtype::bf16, dims, axis);
    ASSERT_TRUE(shape);
    const std::uint64_t size = tensor_bytes(*shape).value();
    expect_tiles(size, &*shape, random() % 200);
    expect_tiles(size, nullptr, random() % 200);
  }
}

}  // namespace
}  // namespace cinch
