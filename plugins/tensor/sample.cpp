#include "plugins/tensor/sample.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "plugins/tensor/rows.hpp"

namespace cinch::tensor {
namespace {

constexpr std::size_t most_elements = 20000;
constexpr std::size_t fewest_tokens = 32;
constexpr std::size_t one_in = 8;

template <unsigned bytes>
using Word = std::conditional_t<bytes == 1, std::uint8_t, std::conditional_t<bytes == 2, std::uint16_t, std::uint32_t>>;

template <Layout layout>
void look_at(const std::uint8_t* words, std::size_t n, std::uint16_t* tops, float* values) {
  constexpr Cut form = cut<layout>;
  constexpr unsigned mantissa = form.mantissa_bits();
  constexpr unsigned most_exponent = (1u << form.exponent_bits) - 1;
  constexpr unsigned rebias = 127 - ((1u << (form.exponent_bits - 1)) - 1);
  for (std::size_t i = 0; i < n; ++i) {
    Word<form.word_bytes> loaded;
    std::memcpy(&loaded, words + i * form.word_bytes, form.word_bytes);
    const std::uint32_t word = loaded;
    const std::uint32_t exponent = word >> mantissa & most_exponent;
    const std::uint32_t sign = word >> (mantissa + form.exponent_bits);
    tops[i] =
        static_cast<std::uint16_t>(sign << 15 | (exponent + form.exponent_shift) << 1 | (word >> (mantissa - 1) & 1));
    const std::uint32_t single =
        sign << 31 | (exponent + rebias) << 23 | (word & ((1u << mantissa) - 1)) << (23 - mantissa);
    // Denormals count as 0; the largest exponent of e4m3 has numbers and one NaN.
    const bool counts = exponent != 0 && (exponent != most_exponent || layout == Layout::e4m3);
    values[i] = std::bit_cast<float>(counts ? single : 0u);
  }
}

}  // namespace

Sample::Sample(const Geometry& geometry, const std::uint8_t* plane) {
  channels = geometry.has_tokens ? geometry.channels : std::min<std::size_t>(64, geometry.channels);
  const std::uint64_t tokens = geometry.has_tokens ? geometry.tokens : geometry.channels / channels;
  const std::size_t most = std::max(fewest_tokens, most_elements / channels);
  rows = std::min<std::uint64_t>(std::clamp<std::uint64_t>(tokens / one_in, fewest_tokens, most), tokens);
  stride = tokens / rows;
  first_token = stride / 2;
  tops.resize(rows * channels);
  values.resize(rows * channels);
  const std::size_t token_bytes = channels * cut_of(geometry.layout).word_bytes;
  with_layout(geometry.layout, [&]<Layout layout>() {
    for (std::size_t i = 0; i < rows; ++i) {
      look_at<layout>(plane + token(i) * token_bytes, channels, &tops[i * channels], &values[i * channels]);
    }
  });
}

std::size_t Sample::drop_repeated() {
  RowTable table(reinterpret_cast<const std::uint8_t*>(values.data()), channels * sizeof values[0], rows);
  std::size_t kept = 0;
  for (std::uint32_t i = 0; i < rows; ++i) {
    std::copy_n(row(i), channels, &values[kept * channels]);
    std::copy_n(row_tops(i), channels, &tops[kept * channels]);
    kept += table.insert(static_cast<std::uint32_t>(kept)) == kept;
  }
  const std::size_t dropped = rows - kept;
  rows = kept;
  tops.resize(rows * channels);
  values.resize(rows * channels);
  return dropped;
}

}  // namespace cinch::tensor
