// Damaged streams, on every instruction set: an error or other bytes, never a read or write outside (AddressSanitizer
// sees those), and the same answer everywhere. CINCH_FUZZ_SECONDS=3600 makes the random part that long.
#include <gtest/gtest.h>

#include <chrono>

#include "cinch/codec_plugin_options.hpp"
#include "tests/plugins/tensor_values.hpp"
#include "tests/support/long_run.hpp"

namespace cinch::test {
namespace {

using tensor::Geometry;
using tensor::Layout;

/// A value, its plan and one block of it.
struct Specimen {
  Geometry form;
  Bytes value;
  Bytes plan;
  Part part;
  Bytes block;
};

Specimen specimen_of(const Geometry& form, Bytes value, std::uint64_t tokens) {
  Specimen made{form, std::move(value), {}, parts_of(form, tokens)[0], {}};
  const tensor::Kernels& kernels = *all_kernels().back();
  made.plan = tensor::write_plan(tensor::PlanChooser(kernels).choose(form, made.value), form);
  made.plan.shrink_to_fit();
  const tensor::PlanState plan(tensor::read_plan(made.plan, form), form, kernels);
  made.block = encode_part(plan, kernels, made.value, made.part);
  EXPECT_FALSE(made.block.empty());
  return made;
}

std::vector<Specimen> specimens() {
  std::vector<Specimen> made;
  for (const Layout layout : {Layout::bf16, Layout::f16, Layout::f32, Layout::e4m3, Layout::e5m2}) {
    const Geometry plain = geometry(layout, 1, 61, 65);
    made.push_back(specimen_of(plain, plain_values(plain, 1), 61));
  }
  const Geometry keys = geometry(Layout::bf16, 1, 130, 96, 96);
  made.push_back(specimen_of(keys, rotated_values(keys, 1e4, false, 1), 70));
  const Geometry rows = geometry(Layout::bf16, 1, 200, 64);
  Bytes repeated = plain_values(rows, 2);
  for (std::size_t t = 0; t < 200; t += 2) std::memcpy(&repeated[t * 128], repeated.data(), 128);
  made.push_back(specimen_of(rows, std::move(repeated), 150));
  return made;
}

/// What a decoder makes of it; nothing when it refuses.
std::optional<Bytes> decode(const Specimen& from, const tensor::Kernels& kernels, const Bytes& stored,
                            const Bytes& block) {
  try {
    const tensor::PlanState plan(tensor::read_plan(stored, from.form), from.form, kernels);
    Bytes to(from.part.size);
    tensor::Aligned<std::uint8_t> contexts;
    decode_block(plan, from.part.part, kernels, block, to, contexts);
    return to;
  } catch (const plugin::Failure& failure) {
    EXPECT_EQ(failure.code(), CINCH_CORRUPT) << failure.what();
    return std::nullopt;
  }
}

/// On all instruction sets; they have to agree.
std::optional<Bytes> decode_everywhere(const Specimen& from, const Bytes& stored, const Bytes& block) {
  const std::optional<Bytes> expected = decode(from, tensor::scalar_kernels, stored, block);
  for (const tensor::Kernels* kernels : all_kernels()) {
    EXPECT_TRUE(decode(from, *kernels, stored, block) == expected) << simd::name_of(kernels->target);
  }
  return expected;
}

Bytes exact(const Bytes& bytes, std::size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

TEST(TensorHostileTest, RefusesEveryTruncation) {
  for (const Specimen& from : specimens()) {
    const std::size_t step = from.block.size() / 300 + 1;
    for (std::size_t size = 0; size < from.block.size(); size += step) {
      EXPECT_FALSE(decode_everywhere(from, from.plan, exact(from.block, size))) << size;
    }
    for (std::size_t size = 0; size < from.plan.size(); size += from.plan.size() / 100 + 1) {
      EXPECT_FALSE(decode_everywhere(from, exact(from.plan, size), from.block)) << size;
    }
    Bytes longer = from.block;
    longer.resize(longer.size() + 3);
    EXPECT_FALSE(decode_everywhere(from, from.plan, longer));
  }
}

TEST(TensorHostileTest, SurvivesFlippedBits) {
  for (const Specimen& from : specimens()) {
    EXPECT_TRUE(decode_everywhere(from, from.plan, from.block) == exact(from.value, from.part.size));
    for (std::size_t bit = 0; bit < from.block.size() * 8; bit += bit < 4000 ? 3 : 37) {
      Bytes damaged = from.block;
      damaged[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      decode_everywhere(from, from.plan, damaged);
    }
    for (std::size_t bit = 0; bit < from.plan.size() * 8; bit += from.plan.size() / 200 + 1) {
      Bytes damaged = from.plan;
      damaged[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      decode_everywhere(from, damaged, from.block);
    }
  }
}

TEST(TensorHostileTest, SurvivesNoise) {
  const std::vector<Specimen> all = specimens();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(long_run("CINCH_FUZZ_SECONDS", 0));
  Random random(2026);
  for (unsigned round = 0; round < 2000 || std::chrono::steady_clock::now() < end; ++round) {
    const Specimen& from = all[random.next() % all.size()];
    Bytes plan = from.plan, block = from.block;
    Bytes& damaged = random.next() % 3 == 0 ? plan : block;
    const unsigned kind = random.next() % 4;
    if (kind == 0) damaged.resize(random.next() % (damaged.size() + 1));
    if (kind == 1 && damaged.size() > 8) {  // a piece of it elsewhere
      const std::size_t n = random.next() % (damaged.size() / 2);
      std::memmove(&damaged[random.next() % (damaged.size() - n)], &damaged[random.next() % (damaged.size() - n)], n);
    }
    for (unsigned i = 0; i < 1u << (random.next() % 8) && !damaged.empty(); ++i) {
      damaged[random.next() % damaged.size()] = static_cast<std::uint8_t>(random.next());
    }
    damaged.shrink_to_fit();
    decode_everywhere(from, plan, block);
    if (HasFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace cinch::test
