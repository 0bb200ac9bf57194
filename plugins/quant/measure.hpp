/// How far decoded rows are from their originals.
#pragma once

#include "plugins/quant/statistics.hpp"

namespace cinch::quant {

/// A row with values that are not finite, or too large or too small for sums of floats: in doubles, one at a time.
/// Values that are not finite and came back unchanged do not count.
template <class T, Element element>
__attribute__((noinline)) void measure_unusual(const std::uint8_t* original_row, const std::uint8_t* decoded_row,
                                               std::uint32_t dim, Loss& loss) {
  float original[max_dim], decoded[max_dim];
  for (std::uint32_t c = 0; c < dim; c += 16) {
    T::store_floats(original + c, load_some<T, element>(original_row, c, dim));
    T::store_floats(decoded + c, load_some<T, element>(decoded_row, c, dim));
  }
  double error = 0, square = 0;
  for (std::uint32_t c = 0; c < dim; ++c) {
    const auto is_finite = [](float x) { return (std::bit_cast<std::uint32_t>(x) & 0x7f800000) != 0x7f800000; };
    constexpr std::size_t bytes = size_of(element);
    if (!is_finite(original[c]) && std::memcmp(original_row + c * bytes, decoded_row + c * bytes, bytes) == 0) continue;
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

/// Sums of a row, 16 at a time.
template <class T>
struct RowSums {
  typename T::Floats error = T::fill_floats(0), square = error;
};

template <class T>
CINCH_ALWAYS_INLINE void add_some(const typename T::Floats& x, const typename T::Floats& y, RowSums<T>& sums,
                                  typename T::Floats& most) {
  const typename T::Floats difference = T::sub(y, x);
  sums.error = T::fused_product_add(difference, difference, sums.error);
  sums.square = T::fused_product_add(x, x, sums.square);
  most = T::max(T::absolute(difference), most);
}

template <class T, Element element>
CINCH_ALWAYS_INLINE RowSums<T> sum_row(const std::uint8_t* original, const std::uint8_t* decoded, std::uint32_t dim,
                                       typename T::Floats& most) {
  RowSums<T> sums;
  std::uint32_t c = 0;
  for (; T::has_many_registers && c + chunk_channels <= dim; c += chunk_channels) {
    typename T::Channels x, y;
    load<T, element>(original + c * size_of(element), x);
    load<T, element>(decoded + c * size_of(element), y);
#pragma GCC unroll 4
    for (unsigned part = 0; part < 4; ++part) add_some<T>(x.part[part], y.part[part], sums, most);
  }
  for (; c < dim; c += 16) {
    add_some<T>(load_some<T, element>(original, c, dim), load_some<T, element>(decoded, c, dim), sums, most);
  }
  return sums;
}

inline bool is_measured(float error, float square) { return square > 1e-20f && square < 1e30f && error < 1e30f; }

inline void add_row(float error, float square, Loss& loss) {
  loss.squared_error += static_cast<double>(error);
  loss.squared += static_cast<double>(square);
  if (error > loss.worst_row * square) loss.worst_row = error / square;
}

template <class T, Element element>
CINCH_ALWAYS_INLINE void measure_row(const std::uint8_t* original, const std::uint8_t* decoded, std::uint32_t dim,
                                     typename T::Floats& largest, Loss& loss) {
  typename T::Floats most = T::fill_floats(0);
  const RowSums<T> sums = sum_row<T, element>(original, decoded, dim, most);
  const float row_error = T::sum(sums.error), row_square = T::sum(sums.square);
  if (is_measured(row_error, row_square)) {
    largest = T::max(most, largest);
    return add_row(row_error, row_square, loss);
  }
  measure_unusual<T, element>(original, decoded, dim, loss);
}

/// Eight rows at once, whose sums add up in the time of one. Returns false and changes nothing if one of them is
/// unusual.
template <class T, Element element>
bool measure_eight(const std::uint8_t* original, const std::uint8_t* decoded, std::uint32_t dim,
                   typename T::Floats& largest, Loss& loss) {
  const std::size_t row_bytes = dim * size_of(element);
  typename T::Floats sums[16], most = largest;  // of every row error and square
  for (std::size_t r = 0; r < 8; ++r) {
    const RowSums<T> row = sum_row<T, element>(original + r * row_bytes, decoded + r * row_bytes, dim, most);
    sums[2 * r] = row.error;
    sums[2 * r + 1] = row.square;
  }
  float sum[16];
  T::store_floats(sum, T::sums(sums));
  bool is_usual = true;
  for (std::size_t r = 0; r < 8; ++r) is_usual &= is_measured(sum[2 * r], sum[2 * r + 1]);
  if (!is_usual) return false;
  for (std::size_t r = 0; r < 8; ++r) add_row(sum[2 * r], sum[2 * r + 1], loss);
  largest = most;
  return true;
}

template <class T, Element element>
void measure(const std::uint8_t* original, const std::uint8_t* decoded, std::uint64_t rows, std::uint32_t dim,
             Loss& loss) {
  const std::size_t row_bytes = dim * size_of(element);
  typename T::Floats largest = T::fill_floats(loss.max_abs);
  const auto some_rows = [&](std::uint64_t count) __attribute__((always_inline)) {
    for (; count > 0; --count, original += row_bytes, decoded += row_bytes) {
      measure_row<T, element>(original, decoded, dim, largest, loss);
    }
  };
  for (; T::has_many_registers && rows >= 8; rows -= 8) {
    if (measure_eight<T, element>(original, decoded, dim, largest, loss)) {
      original += 8 * row_bytes;
      decoded += 8 * row_bytes;
    } else {
      some_rows(8);
    }
  }
  some_rows(rows);
  const float found = T::greatest(largest);
  if (found > loss.max_abs) loss.max_abs = found;
}

}  // namespace cinch::quant
