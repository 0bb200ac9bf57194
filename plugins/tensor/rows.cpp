#include "plugins/tensor/rows.hpp"

#include <bit>
#include <cstring>

namespace cinch::tensor {
namespace {

__extension__ using Wide = unsigned __int128;

/// Both halves of the product.
std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  const Wide product = Wide{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t word_at(const std::uint8_t* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Four parts that do not wait for each other; every row is read for this, so it must keep up with memory.
std::uint64_t hash_of(const std::uint8_t* row, std::size_t n) {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15u;
  std::uint64_t parts[4] = {n, 1, n ^ odd, ~odd};
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    for (unsigned part = 0; part < 4; ++part) {
      const std::uint8_t* const from = row + i + 16 * part;
      parts[part] = mixed(parts[part] ^ word_at(from), odd ^ word_at(from + 8));
    }
  }
  for (; i < n; ++i) parts[0] = (parts[0] ^ row[i]) * odd;
  const std::uint64_t hash = mixed(mixed(parts[0], parts[1] ^ odd), mixed(parts[2], parts[3] ^ odd) ^ odd);
  return hash ^ hash >> 29;
}

constexpr std::size_t max_probes = 64;

}  // namespace

RowTable::RowTable(const std::uint8_t* rows, std::size_t row_bytes, std::size_t max_rows)
    : rows_(rows), row_bytes_(row_bytes), table_(std::bit_ceil(2 * max_rows + max_probes), none) {}

std::uint32_t RowTable::probe(const std::uint8_t* row, std::size_t& slot) const {
  slot = hash_of(row, row_bytes_) & (table_.size() - 1);
  for (std::size_t i = 0; i < max_probes; ++i) {
    const std::uint32_t number = table_[slot];
    if (number == none) return none;
    if (std::memcmp(rows_ + number * row_bytes_, row, row_bytes_) == 0) return number;
    slot = (slot + 1) & (table_.size() - 1);
  }
  slot = table_.size();
  return none;
}

std::uint32_t RowTable::find(const std::uint8_t* row) const {
  std::size_t slot = 0;
  return probe(row, slot);
}

std::uint32_t RowTable::insert(std::uint32_t number) {
  std::size_t slot = 0;
  const std::uint32_t found = probe(rows_ + number * row_bytes_, slot);
  if (found != none) return found;
  if (slot < table_.size()) table_[slot] = number;
  return number;
}

std::size_t packed_bytes(std::uint32_t most, std::size_t count) {
  return (count * static_cast<std::size_t>(std::bit_width(most)) + 7) / 8;
}

void pack_numbers(std::span<const std::uint32_t> numbers, std::uint32_t most, std::uint8_t* to) {
  const int width = static_cast<int>(std::bit_width(most));
  std::uint64_t bits = 0;
  int held = 0;
  for (const std::uint32_t number : numbers) {
    bits |= static_cast<std::uint64_t>(number) << held;
    for (held += width; held >= 8; held -= 8, bits >>= 8) *to++ = static_cast<std::uint8_t>(bits);
  }
  if (held > 0) *to = static_cast<std::uint8_t>(bits);
}

void unpack_numbers(std::span<const std::uint8_t> from, std::uint32_t most, std::span<std::uint32_t> numbers) {
  const int width = static_cast<int>(std::bit_width(most));
  std::uint64_t bits = 0;
  int held = 0;
  std::size_t next = 0;
  for (std::uint32_t& number : numbers) {
    for (; held < width; held += 8) bits |= static_cast<std::uint64_t>(from[next++]) << held;
    number = static_cast<std::uint32_t>(bits & ((std::uint64_t{1} << width) - 1));
    bits >>= width;
    held -= width;
  }
}

}  // namespace cinch::tensor
