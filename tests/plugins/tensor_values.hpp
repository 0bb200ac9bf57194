/// Values to test the tensor codec with, and the codec without its plugin: on any instruction set, block by block.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "plugins/tensor/block.hpp"
#include "plugins/tensor/choose.hpp"

namespace cinch::test {

using Bytes = std::vector<std::uint8_t>;

/// A small generator whose numbers are the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint32_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(state_ >> 32);
  }
  /// About normal, with deviation 1.
  float normal() {
    float sum = 0;
    for (int i = 0; i < 12; ++i) sum += static_cast<float>(next() >> 8) * 0x1p-24f;
    return sum - 6;
  }

 private:
  std::uint64_t state_;
};

inline void append_word(tensor::Layout layout, float value, Bytes& out) {
  const tensor::Cut cut = tensor::cut_of(layout);
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const int bias = (1 << (cut.exponent_bits - 1)) - 1;
  const int exponent = static_cast<int>(bits >> 23 & 255) - 127 + bias;
  const std::uint32_t most = (1u << cut.exponent_bits) - 2;
  const std::uint32_t kept = exponent <= 0 ? 0 : std::min(static_cast<std::uint32_t>(exponent), most);
  const std::uint32_t mantissa = exponent <= 0 ? 0 : (bits & 0x7fffff) >> (23 - cut.mantissa_bits());
  const std::uint32_t word = (bits >> 31 << cut.exponent_bits | kept) << cut.mantissa_bits() | mantissa;
  for (unsigned i = 0; i < cut.word_bytes; ++i) out.push_back(static_cast<std::uint8_t>(word >> (8 * i)));
}

inline tensor::Geometry geometry(tensor::Layout layout, std::uint64_t planes, std::uint64_t tokens,
                                 std::uint64_t channels, std::uint64_t head_dim = 0) {
  tensor::Geometry made;
  made.layout = layout;
  made.has_tokens = true;
  made.planes = planes;
  made.tokens = tokens;
  made.channels = channels;
  made.head_dim = head_dim;
  return made;
}

/// Channels of different deviations and means.
inline Bytes plain_values(const tensor::Geometry& form, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> deviations, means;
  for (std::uint64_t c = 0; c < form.channels; ++c) {
    deviations.push_back(std::exp2(random.normal()));
    means.push_back(random.next() % 4 == 0 ? 3 * random.normal() : 0);
  }
  Bytes out;
  for (std::uint64_t i = 0; i < form.planes * form.tokens; ++i) {
    for (std::uint64_t c = 0; c < form.channels; ++c) {
      append_word(form.layout, means[c] + deviations[c] * random.normal(), out);
    }
  }
  return out;
}

/// Keys as a model makes them: means with noise, turned by their position.
inline Bytes rotated_values(const tensor::Geometry& form, double base, bool interleaved, std::uint64_t seed) {
  Random random(seed);
  const std::size_t half = form.head_dim / 2;
  std::vector<float> means;
  for (std::uint64_t c = 0; c < form.channels; ++c) means.push_back(2 * random.normal());
  Bytes out;
  std::vector<float> row(form.channels);
  for (std::uint64_t t = 0; t < form.planes * form.tokens; ++t) {
    for (std::size_t head = 0; head < form.channels; head += form.head_dim) {
      for (std::size_t i = 0; i < half; ++i) {
        const std::size_t a = head + (interleaved ? 2 * i : i);
        const std::size_t b = a + (interleaved ? 1 : half);
        const double angle = std::pow(base, -static_cast<double>(i) / static_cast<double>(half)) *
                             static_cast<double>(t % form.tokens + 100);
        const float c = static_cast<float>(std::cos(angle)), s = static_cast<float>(std::sin(angle));
        const float x = means[a] + random.normal(), y = means[b] + random.normal();
        row[a] = x * c - y * s;
        row[b] = y * c + x * s;
      }
    }
    for (const float value : row) append_word(form.layout, value, out);
  }
  return out;
}

/// A value as the host would store it: a plan, and blocks of some tokens of one plane. Empty blocks were declined.
struct Coded {
  Bytes plan;
  std::vector<Bytes> blocks;

  std::size_t bytes(const Bytes& value, std::size_t block_bytes) const {
    std::size_t sum = plan.size();
    for (std::size_t i = 0; i < blocks.size(); ++i) sum += blocks[i].empty() ? block_bytes : blocks[i].size();
    return std::min(sum, value.size());
  }
  bool operator==(const Coded&) const = default;
};

struct Part {
  stream::SlicePart part;
  std::size_t offset;
  std::size_t size;
};

inline std::vector<Part> parts_of(const tensor::Geometry& form, std::uint64_t tokens) {
  std::vector<Part> parts;
  for (std::uint64_t plane = 0; plane < form.planes; ++plane) {
    for (std::uint64_t token = 0; token < form.tokens; token += tokens) {
      const std::uint64_t n = std::min(tokens, form.tokens - token);
      parts.push_back(
          {{plane, 1, token, n}, (plane * form.tokens + token) * form.token_bytes(), n * form.token_bytes()});
    }
  }
  return parts;
}

inline Bytes encode_part(const tensor::PlanState& plan, const tensor::Kernels& kernels, const Bytes& value,
                         const Part& part) {
  Bytes to(part.size + tensor::encoder_slack);
  const auto from = std::span(value).subspan(part.offset, part.size);
  to.resize(tensor::BlockEncoder(kernels).encode(plan, part.part, from, to).value_or(0));
  to.shrink_to_fit();  // so that AddressSanitizer sees what reads beyond it
  return to;
}

/// By the plan of `planned`, which is as long.
inline Coded encode_value(const tensor::Geometry& form, const tensor::Kernels& kernels, const Bytes& value,
                          std::uint64_t tokens, const Bytes& planned) {
  Coded coded;
  coded.plan = tensor::write_plan(tensor::PlanChooser(kernels).choose(form, planned), form);
  const tensor::PlanState plan(tensor::read_plan(coded.plan, form), form, kernels);
  for (const Part& part : parts_of(form, tokens)) coded.blocks.push_back(encode_part(plan, kernels, value, part));
  return coded;
}

inline Coded encode_value(const tensor::Geometry& form, const tensor::Kernels& kernels, const Bytes& value,
                          std::uint64_t tokens) {
  return encode_value(form, kernels, value, tokens, value);
}

/// What the blocks decode to; declined ones are taken from `value`.
inline Bytes decode_value(const tensor::Geometry& form, const tensor::Kernels& kernels, const Coded& coded,
                          const Bytes& value, std::uint64_t tokens) {
  const tensor::PlanState plan(tensor::read_plan(coded.plan, form), form, kernels);
  Bytes back;
  tensor::Aligned<std::uint8_t> contexts;
  const std::vector<Part> parts = parts_of(form, tokens);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto from = std::span(value).subspan(parts[i].offset, parts[i].size);
    Bytes block(from.begin(), from.end());
    if (!coded.blocks[i].empty()) {
      std::ranges::fill(block, 0xa5);
      decode_block(plan, parts[i].part, kernels, coded.blocks[i], block, contexts);
    }
    back.insert(back.end(), block.begin(), block.end());
  }
  return back;
}

inline std::vector<const tensor::Kernels*> all_kernels() {
  std::vector<const tensor::Kernels*> kernels;
  for (const simd::Target target : simd::all_targets) {
    if (simd::is_available(target)) kernels.push_back(&tensor::kernels_for(target));
  }
  return kernels;
}

}  // namespace cinch::test
