/// Decoding: bytes become symbols, symbols become rows, a tile of one head at a time. Whatever the bytes are, it
/// reads only them and up to `slack` bytes behind each part, and writes only the rows.
#pragma once

#include "plugins/quant/make_rows.hpp"

namespace cinch::quant {

template <class T, Element element, std::size_t sets>
class Dequantiser {
 public:
  Dequantiser(const Block& block, const Stored& from)
      : block_(block),
        chunks_(chunks_of(block.dim)),
        scratch_(Scratch<T>::of(from.scratch, block.heads, block.dim)),
        stream_(from.stream, static_cast<std::size_t>(from.states - from.stream)),
        states_(rans::States<T, sets>::read(from.states)),
        maker_(block, from, scratch_) {
    const std::size_t symbols = chunks_ * 4 * group_room;
    std::memset(scratch_.symbols, 0, 2 * symbols);
    jobs_[0].symbols = scratch_.symbols;
    jobs_[1].symbols = scratch_.symbols + symbols;
  }

  bool run(std::uint8_t* to) {
    const auto before = [this] { return maker_.finish(jobs_[!turn_]); };
    const auto decode = [this](const Tile& tile) { return this->tile(tile); };
    if (!for_each_tile(block_, size_of(element), scratch_, to, before, decode) || !before()) return false;
    return stream_.is_empty() && states_.is_start() && maker_.parts().are_read();
  }

 private:
  using Job = DecodeJob<T>;
  using Tile = quant::Tile<T, std::uint8_t>;
  static constexpr std::size_t group_room = Scratch<T>::group_room;

  /// Decodes the symbols of one tile and, between the coder's steps, makes rows of those of the tile before: neither
  /// waits for the other.
  bool tile(const Tile& tile) {
    Job& job = jobs_[turn_];
    Job& before = jobs_[!turn_];
    job.tile = tile;
    std::uint8_t symbols[tile_rows];
    if (!read_run(symbols, tile.count, tile.head->step_class, rans::Nothing{})) return false;
    if (!job.has_escape(symbols)) {
      if (!job.take_steps(symbols)) return false;
    } else {
      // The escapes of the tile before come first.
      if (!maker_.finish(before)) return false;
      if (!job.take_escaped_steps(symbols, maker_.parts(), block_.dim * size_of(element))) return false;
    }
    job.predict = Predictor<T>::at(*tile.head, padded_dim(block_.dim), tile.token, tile_waves_, job.mean);
    if (!groups_beside(job, before) || !maker_.finish(before)) return false;
    turn_ = !turn_;
    job.chunk = 0;
    maker_.open_chunk(job);
    return maker_.is_good();
  }

  template <class Aside>
  bool read_run(std::uint8_t* symbols, std::size_t count, std::uint8_t symbol_class, Aside aside) {
    const auto table = rans::DecodeTable<T>::of(class_columns.column[symbol_class]);
    return stream_.take(rans::decode_run<T, sets>(symbols, count, table, states_, stream_.need(count), aside));
  }

  /// Where registers are few, one after the other is faster.
  bool groups_beside(Job& job, Job& before) {
    if constexpr (T::has_many_registers) {
      return with_motion(before.predict.motion, [&](auto motion) {
        const auto some_rows = [&]() __attribute__((always_inline)) { maker_.template some_rows<motion>(before); };
        return groups(job, some_rows);
      });
    } else {
      return groups(job, rans::Nothing{});
    }
  }

  template <class Aside>
  bool groups(Job& job, const Aside& aside) {
    std::uint8_t* symbols = job.symbols;
    for (unsigned c = 0; c < chunks_; ++c) {
      const Chunk& chunk = job.tile.head->chunks[c];
      for (unsigned g = 0; g < 4; ++g, symbols += group_room) {
        if (g >= chunk.groups) continue;
        const unsigned width = chunk.width_of(g);
        if (!read_run(symbols, job.count * std::size_t{width}, chunk.group_class[g], aside)) return false;
        for (unsigned i = job.count; width < group_channels && i-- > 1;) {
          std::memmove(symbols + i * group_channels, symbols + i * std::size_t{width}, width);
        }
      }
    }
    return true;
  }

  const Block& block_;
  const unsigned chunks_;
  const Scratch<T> scratch_;
  rans::BackwardBytes<tile_rows * group_channels> stream_;
  rans::States<T, sets> states_;
  RowMaker<T, element, T::has_many_registers ? sets : 1> maker_;
  rotary::TileWaves tile_waves_;
  bool turn_ = false;  // which job is next
  Job jobs_[2];
};

}  // namespace cinch::quant
