/// The values that every benchmark uses, so that their figures stand side by side.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/tensor.hpp"

namespace cinch::bench {

/// What a value is made of: bf16 K tensors of a real model, JSON documents, noise.
inline constexpr std::string_view contents[] = {"tensor", "json", "random"};

struct Size {
  std::string_view name;
  std::size_t bytes;
};
inline constexpr Size sizes[] = {{"1KiB", 1u << 10}, {"64KiB", 64u << 10}, {"2MiB", 2u << 20}, {"16MiB", 16u << 20}};

/// Values of one of `contents`, or "text". As many distinct ones as make up at least 48 MiB (at most 4,096), so that
/// caches do not flatter; at least two. The tensors are the shipped sample's, repeated where it is too short.
const std::vector<std::vector<std::byte>>& values(std::string_view content, std::size_t bytes);

/// A tensor of a real KV cache, [tokens, heads, head_dim] in bf16.
struct Tensor {
  std::string name;
  std::vector<std::byte> bytes;
  TensorShape shape;
};

std::size_t total_bytes(const std::vector<Tensor>& tensors) noexcept;

struct Tensors {
  std::vector<Tensor> k;
  std::vector<Tensor> v;
  std::string origin;  ///< What they are from.
};

/// The data set's where it is at hand, tens of MB of each; else, or for `few`, the shipped sample's.
const Tensors& tensors(bool few);

}  // namespace cinch::bench
