/// Rows that a value repeats: finding them, and storing in a block which token has which.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cinch::tensor {

/// Finds rows of `row_bytes` bytes among those of one array by their contents. Never confuses two rows, but may miss
/// one when very many collide. `rows` is borrowed.
class RowTable {
 public:
  static constexpr std::uint32_t none = 0xffffffffu;

  RowTable(const std::uint8_t* rows, std::size_t row_bytes, std::size_t max_rows);

  /// The row equal to `row`, or none.
  std::uint32_t find(const std::uint8_t* row) const;

  /// Adds row `number` unless an equal one is there; returns that, or `number`.
  std::uint32_t insert(std::uint32_t number);

 private:
  std::uint32_t probe(const std::uint8_t* row, std::size_t& slot) const;

  const std::uint8_t* rows_;
  std::size_t row_bytes_;
  std::vector<std::uint32_t> table_;  // a power of two; rows by number
};

/// Numbers from 0 to `most`, in as few bits as that takes.
std::size_t packed_bytes(std::uint32_t most, std::size_t count);
void pack_numbers(std::span<const std::uint32_t> numbers, std::uint32_t most, std::uint8_t* to);
void unpack_numbers(std::span<const std::uint8_t> from, std::uint32_t most, std::span<std::uint32_t> numbers);

}  // namespace cinch::tensor
