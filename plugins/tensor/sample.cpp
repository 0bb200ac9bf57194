#include "plugins/tensor/sample.hpp"

#include <algorithm>

#include "plugins/tensor/rows.hpp"

namespace cinch::tensor {
namespace {

constexpr std::size_t max_elements = 20000;
constexpr std::size_t min_tokens = 32;
constexpr std::size_t one_in = 8;

}  // namespace

void Sample::take(const Geometry& geometry, const Kernels& kernels, const std::uint8_t* plane) {
  channels = geometry.has_tokens ? geometry.channels : std::min<std::size_t>(64, geometry.channels);
  const std::uint64_t tokens = geometry.has_tokens ? geometry.tokens : geometry.channels / channels;
  const std::size_t most = std::max(min_tokens, max_elements / channels);
  rows = std::min<std::uint64_t>(std::clamp<std::uint64_t>(tokens / one_in, min_tokens, most), tokens);
  stride = tokens / rows;
  tops.resize(rows * channels);
  values.resize(rows * channels);
  const std::size_t token_bytes = channels * cut_of(geometry.layout).word_bytes;
  const auto look = kernels.sample.look[static_cast<unsigned>(geometry.layout)];
  constexpr std::size_t ahead = 4;  // rows are too far apart for the processor to guess the next one
  for (std::size_t i = 0; i < rows; ++i) {
    if (i + ahead < rows) {
      const std::uint8_t* const next = plane + token(i + ahead) * token_bytes;
      for (std::size_t byte = 0; byte < token_bytes; byte += 64) __builtin_prefetch(next + byte);
    }
    look(plane + token(i) * token_bytes, channels, &tops[i * channels], &values[i * channels]);
  }
}

void Sample::drop_repeated() {
  RowTable table(reinterpret_cast<const std::uint8_t*>(values.data()), channels * sizeof values[0], rows);
  std::size_t kept = 0;
  for (std::uint32_t i = 0; i < rows; ++i) {
    std::copy_n(row(i), channels, &values[kept * channels]);
    std::copy_n(&tops[i * channels], channels, &tops[kept * channels]);
    kept += table.insert(static_cast<std::uint32_t>(kept)) == kept;
  }
  rows = kept;
  tops.resize(rows * channels);
  values.resize(rows * channels);
}

}  // namespace cinch::tensor
