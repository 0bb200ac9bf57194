// Codecs x payloads x sizes through a CompressedKvStore over every backend; and what damage does to real tensors.
#include <gtest/gtest.h>

#include <random>

#include "tests/conformance/stores.hpp"
#include "tests/support/payloads.hpp"
#include "tests/support/temp_dir.hpp"

namespace cinch {
namespace {

using test::make_payload;

constexpr std::size_t block_bytes = 65536;
constexpr const char* all_specs[] = {"raw",  "lz4",           "lz4:acceleration=8", "lz4:hc=9",
                                     "zstd", "zstd:level=-7", "zstd:level=12"};
constexpr const char* fast_specs[] = {"raw", "lz4", "zstd"};

/// A value of K in bf16 from the sample that comes with the project, or from the full data set where it is there.
std::vector<std::byte> real_tensor() {
  const std::optional<std::string> large = test::real_tensor_file("long-5461");
  return large ? test::read_tensor(*large, "layers.11.k")
               : test::read_tensor(CINCH_SOURCE_DIR "/tools/data/kv-sample.safetensors", "layers.11.k");
}

class CompressedValuesTest : public testing::TestWithParam<StoreUnderTest> {
 protected:
  void open(std::uint64_t blocks) {
    const std::string place = directory_.file("store" + std::to_string(++opened_));
    std::filesystem::create_directory(place);
    inner_ = GetParam().open(place);
    ASSERT_NE(inner_, nullptr);
    store_ = std::make_unique<CompressedKvStore>(inner_, *default_registry().codec("lz4"),
                                                 CompressedOptions{.block_bytes = blocks});
  }

  void expect_back(const std::vector<std::byte>& value, const std::string& what,
                   std::span<const char* const> specs = all_specs, std::optional<TensorShape> shape = std::nullopt) {
    for (const char* spec : specs) {
      SetOptions options;
      options.codec = spec;
      options.tensor = shape;
      const Status status = store_->set(spec, ByteView(value), options);
      ASSERT_TRUE(status.ok()) << status.to_string();
    }
    for (const char* spec : specs) {
      const GetResult back = store_->get(spec);
      ASSERT_TRUE(back && *back) << back.status().to_string();
      EXPECT_TRUE(std::ranges::equal((*back)->bytes(), value)) << spec << ", " << what;
    }
  }

  test::TempDir directory_;
  int opened_ = 0;
  std::shared_ptr<KvStore> inner_;
  std::unique_ptr<CompressedKvStore> store_;
};

TEST_P(CompressedValuesTest, EveryKindAndSizeComesBackFromEveryCodec) {
  for (const std::uint64_t blocks : {std::uint64_t{0}, std::uint64_t{block_bytes}}) {
    open(blocks);
    for (const test::PayloadKind kind : test::all_payload_kinds) {
      for (const std::size_t size :
           {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096}, block_bytes - 1, block_bytes,
            block_bytes + 1, 2 * block_bytes - 1, 2 * block_bytes, 2 * block_bytes + 1}) {
        expect_back(make_payload(kind, size),
                    std::string(to_string(kind)) + " of " + std::to_string(size) + " in " + std::to_string(blocks));
      }
    }
  }
}

TEST_P(CompressedValuesTest, Values16MiBLongComeBack) {
  open(block_bytes * 4);
  for (const test::PayloadKind kind : {test::PayloadKind::text, test::PayloadKind::random}) {
    expect_back(make_payload(kind, std::size_t{16} << 20), std::string(to_string(kind)), fast_specs);
  }
}

TEST_P(CompressedValuesTest, RealTensorsComeBack) {
  const std::vector<std::byte> tensor = real_tensor();
  ASSERT_FALSE(tensor.empty());
  const TensorShape shape = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{tensor.size() / (3 * 64 * 2), 3, 64});
  for (const std::uint64_t blocks : {std::uint64_t{0}, std::uint64_t{block_bytes}}) {
    open(blocks);
    expect_back(tensor, "tensor", all_specs, shape);
  }
}

TEST_P(CompressedValuesTest, NoFlippedBitOfAStoredTensorComesBackAsAValue) {
  open(0);
  std::vector<std::byte> tensor = real_tensor();
  tensor.resize(std::min<std::size_t>(tensor.size(), 100000));
  constexpr int trials = 400;
  std::mt19937 random(400);
  for (const char* spec : {"lz4", "zstd"}) {
    SetOptions options;
    options.codec = spec;
    ASSERT_TRUE(store_->set("k", ByteView(tensor), options).ok());
    const std::string frame = std::string((*inner_->get("k"))->text());
    for (int i = 0; i < trials; ++i) {
      std::string damaged = frame;
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << (random() % 8));
      ASSERT_TRUE(inner_->set("k", damaged).ok());
      const Status status = store_->get("k").status();
      // The version byte and the flags may also say that the frame is newer than this library.
      EXPECT_TRUE(status.code() == StatusCode::corruption || status.code() == StatusCode::incompatible)
          << spec << ", trial " << i << ", seed 400: " << status.to_string();
    }
  }
}

TEST_P(CompressedValuesTest, AShortRecordThatClaims3GiBIsRefused) {
  open(0);
  ASSERT_TRUE(store_->set("k", std::string(1000, 'v')).ok());
  std::string frame = std::string((*inner_->get("k"))->text()).substr(0, 16);
  for (std::size_t at = 3; at + 5 <= frame.size(); ++at) {
    std::string bomb = frame;
    bomb.replace(at, 5, "\x80\x80\x80\x80\x0c");  // 3 GiB as a varint
    ASSERT_TRUE(inner_->set("k", bomb).ok());
    const Status status = store_->get("k").status();
    EXPECT_TRUE(status.code() == StatusCode::corruption || status.code() == StatusCode::incompatible)
        << at << ": " << status.to_string();
  }
}

INSTANTIATE_TEST_SUITE_P(Each, CompressedValuesTest, testing::ValuesIn(test::backends()), test::name_of);

}  // namespace
}  // namespace cinch
