/// The order in which a block is coded: planes, tiles of 64 tokens, heads. And the scratch memory of a way through it.
#pragma once

#include "plugins/quant/chunk_tables.hpp"

namespace cinch::quant {

template <class T>
struct Scratch {
  ChunkTables<T>* tables;  // of every chunk of every head
  std::uint8_t* rows;      // a tile of one head, of padded_dim elements
  std::uint8_t* symbols;   // of two tiles: `group_room` for every group

  static constexpr std::size_t group_room = std::size_t{tile_rows} * group_channels;

  static std::size_t bytes(std::uint32_t heads, std::uint32_t dim) {
    return heads * std::size_t{chunks_of(dim)} * sizeof(ChunkTables<T>) + rows_bytes(dim) +
           2 * chunks_of(dim) * 4 * group_room + slack;
  }
  static Scratch of(void* memory, std::uint32_t heads, std::uint32_t dim) {
    auto* const tables = static_cast<ChunkTables<T>*>(memory);
    auto* const rows = reinterpret_cast<std::uint8_t*>(tables + heads * std::size_t{chunks_of(dim)});
    return {tables, rows, rows + rows_bytes(dim)};
  }

 private:
  static std::size_t rows_bytes(std::uint32_t dim) { return std::size_t{tile_rows} * padded_dim(dim) * 4; }
};

/// A tile of one head. `Byte` is constant where rows are read.
template <class T, class Byte>
struct Tile {
  const Head* head;
  const ChunkTables<T>* tables;  // of its chunks
  Byte* rows;
  std::size_t pitch;    // bytes from row to row
  std::size_t to_next;  // bytes to the same head's next tile; 0: there is none
  unsigned count;
  std::uint64_t token;  // of the first row, in its plane
};

/// Calls `function` with every tile of a block, until it returns false; calls `before` when the tables of the tiles
/// so far are about to be replaced.
template <class T, class Byte, class Before, class Function>
bool for_each_tile(const Block& block, std::size_t element_bytes, const Scratch<T>& scratch, Byte* rows,
                   Before&& before, Function&& function) {
  const std::size_t row_bytes = block.dim * element_bytes, pitch = block.heads * row_bytes;
  const unsigned chunks = chunks_of(block.dim);
  const Head* prepared = nullptr;
  for (std::uint64_t plane = 0; plane < block.planes; ++plane) {
    const Head* const heads = block.plane_heads[plane];
    if (heads != prepared) {
      if (!before()) return false;
      for (std::uint32_t i = 0; i < block.heads * chunks; ++i) {
        ChunkTables<T>::prepare(heads[i / chunks].chunks[i % chunks], scratch.tables[i]);
      }
      prepared = heads;
    }
    for (std::uint64_t t = 0; t < block.tokens; t += tile_rows) {
      const std::uint64_t left = block.tokens - t;
      const auto count = static_cast<unsigned>(left < tile_rows ? left : tile_rows);
      for (std::uint32_t h = 0; h < block.heads; ++h) {
        const Tile<T, Byte> tile{&heads[h],
                                 scratch.tables + h * std::size_t{chunks},
                                 rows + h * row_bytes,
                                 pitch,
                                 left > tile_rows ? tile_rows * pitch : 0,
                                 count,
                                 block.first_token + t};
        if (!function(tile)) return false;
      }
      rows += count * pitch;
    }
  }
  return true;
}

}  // namespace cinch::quant
