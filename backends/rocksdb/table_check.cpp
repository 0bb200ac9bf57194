#include "backends/rocksdb/table_check.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <span>

namespace cinch {
namespace {

// The end of a table, in formats 1 to 5: the kind of checksum (u8), offset and length of the metaindex block and of the
// index block (four varints in 40 bytes), the format (u32), a magic number.
constexpr std::size_t footer_bytes = 53;
constexpr std::size_t format_at = 41;
constexpr std::uint64_t table_magic = 0x88e241b785f4cff7;
constexpr std::uint32_t newest_format = 5;

// The properties block lies right before the metaindex block. It ends with the number of its restart points, whose
// highest bit claims a hash index. The trailer of every block follows: its compression (u8) and its checksum (u32).
constexpr std::uint64_t block_trailer_bytes = 5;
constexpr std::uint32_t has_hash_index = std::uint32_t{1} << 31;

template <class Number>
Number number_at(const char* bytes) noexcept {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

std::optional<std::uint64_t> read_varint(std::span<const char> bytes) noexcept {
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (const char byte : bytes) {
    value |= std::uint64_t{static_cast<unsigned char>(byte) & 0x7fu} << shift;
    if (static_cast<unsigned char>(byte) < 0x80) return value;
    shift += 7;
    if (shift > 63) break;
  }
  return std::nullopt;
}

/// False unless all of `to` was read.
bool read(const rocksdb::FSRandomAccessFile& file, std::uint64_t at, std::span<char> to) {
  rocksdb::Slice got;
  const rocksdb::IOStatus status = file.Read(at, to.size(), {}, &got, to.data(), nullptr);
  if (!status.ok() || got.size() != to.size()) return false;
  if (got.data() != to.data()) std::memmove(to.data(), got.data(), to.size());
  return true;
}

}  // namespace

rocksdb::IOStatus check_table(const rocksdb::FSRandomAccessFile& file, std::uint64_t file_bytes) {
  std::array<char, footer_bytes> footer;
  if (file_bytes < footer.size() || !read(file, file_bytes - footer.size(), footer)) return {};
  const char* const format = footer.data() + format_at;
  if (number_at<std::uint64_t>(format + 4) != table_magic || number_at<std::uint32_t>(format) > newest_format)
    return {};
  const std::optional<std::uint64_t> metaindex = read_varint(std::span(footer).subspan(1, format_at - 1));
  std::array<char, 4> restarts;
  constexpr std::uint64_t distance = block_trailer_bytes + sizeof restarts;
  if (!metaindex || *metaindex < distance || !read(file, *metaindex - distance, restarts)) return {};
  if ((number_at<std::uint32_t>(restarts.data()) & has_hash_index) == 0) return {};
  return rocksdb::IOStatus::Corruption("the properties block of a table is damaged");
}

}  // namespace cinch
