/// How far decoded rows are from their originals.
#pragma once

#include "plugins/quant/statistics.hpp"

namespace cinch::quant {

/// A row with values that are not finite, too large or too small for sums of floats: in doubles, one at a time. Values
/// that are not finite and came back count as nothing.
template <Element element>
void measure_unusual(const float* original, const float* decoded, std::uint32_t dim, Loss& loss) {
  double error = 0, square = 0;
  for (std::uint32_t c = 0; c < dim; ++c) {
    const auto is_finite = [](float x) { return (std::bit_cast<std::uint32_t>(x) & 0x7f800000) != 0x7f800000; };
    if (!is_finite(original[c]) &&
        std::bit_cast<std::uint32_t>(original[c]) == std::bit_cast<std::uint32_t>(decoded[c])) {
      continue;
    }
    const double difference = static_cast<double>(decoded[c]) - static_cast<double>(original[c]);
    error += difference * difference;
    square += static_cast<double>(original[c]) * static_cast<double>(original[c]);
    const auto size = static_cast<float>(difference < 0 ? -difference : difference);
    if (size > loss.max_abs) loss.max_abs = size;
  }
  loss.squared_error += error;
  loss.squared += square;
  const double relative = square > 0 ? error / square : error > 0 ? 1e30 : 0;
  if (!(relative <= static_cast<double>(loss.worst_row))) loss.worst_row = static_cast<float>(relative);
}

template <class T, Element element>
void measure(const std::uint8_t* original, const std::uint8_t* decoded, std::uint64_t rows, std::uint32_t dim,
             Loss& loss) {
  const std::size_t row_bytes = dim * size_of(element);
  typename T::Floats largest = T::fill_floats(loss.max_abs);
  for (std::uint64_t r = 0; r < rows; ++r, original += row_bytes, decoded += row_bytes) {
    typename T::Floats error = T::fill_floats(0), square = error, most = error;
    for (std::uint32_t c = 0; c < dim; c += 16) {
      const typename T::Floats x = load_some<T, element>(original, c, dim);
      const typename T::Floats difference = T::sub(load_some<T, element>(decoded, c, dim), x);
      error = T::add(error, T::mul(difference, difference));
      square = T::add(square, T::mul(x, x));
      most = T::max(T::absolute(difference), most);
    }
    const float row_error = T::sum(error), row_square = T::sum(square);
    if (!(row_square > 1e-20f && row_square < 1e30f && row_error < 1e30f)) {
      float x[most_dim], y[most_dim];
      for (std::uint32_t c = 0; c < dim; c += 16) {
        T::store_floats(x + c, load_some<T, element>(original, c, dim));
        T::store_floats(y + c, load_some<T, element>(decoded, c, dim));
      }
      measure_unusual<element>(x, y, dim, loss);
      continue;
    }
    largest = T::max(most, largest);
    loss.squared_error += static_cast<double>(row_error);
    loss.squared += static_cast<double>(row_square);
    if (row_error > loss.worst_row * row_square) loss.worst_row = row_error / row_square;
  }
  const float found = T::greatest(largest);
  if (found > loss.max_abs) loss.max_abs = found;
}

}  // namespace cinch::quant
