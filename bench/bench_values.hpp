/// The values that every benchmark uses, so that their figures stand side by side.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

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

}  // namespace cinch::bench
