/// What a chunk's classes mean, lane by lane, prepared for one target.
#pragma once

#include "plugins/quant/block.hpp"

namespace cinch::quant {

template <class T>
struct ChunkTables {
  typename T::Order order;
  typename T::Shift shift;          // by the low bits
  typename T::Bytes bias;           // 7 << low bits
  typename T::Bytes reach;          // reach << low bits: values this far below 0 ...
  typename T::Bytes span;           // ... up to this far above that do not escape
  typename T::QuarterTable value;   // of a symbol: (symbol - 7) << low bits
  typename T::Bytes escape_symbol;  // 0xff, which is no symbol, in lanes without a channel
  std::uint8_t low_bits;            // the most of its groups
  std::uint8_t first_with[4];       // the first group with more than this many low bits
  std::uint8_t bytes_with[4];       // of low bits of that number, in a row
  bool is_wide;                     // some of its values are beyond a byte

  static void prepare(const Chunk& chunk, ChunkTables& made) {
    std::uint8_t bits[4] = {}, bias[64], reach[64], span[64], value[64], escape_symbol[64];
    made.low_bits = 0;
    for (unsigned g = 0; g < 4; ++g) {
      const SigmaClass& each = classes[g < chunk.groups ? chunk.group_class[g] : 0];
      const unsigned low = each.low_bits < 5 ? each.low_bits : 0;  // wide chunks do not use these tables
      if (each.low_bits > made.low_bits) made.low_bits = each.low_bits;
      bits[g] = static_cast<std::uint8_t>(low);
      for (unsigned i = 16 * g; i < 16 * g + 16; ++i) {
        bias[i] = static_cast<std::uint8_t>(7u << low);
        reach[i] = static_cast<std::uint8_t>(each.reach << low);
        const unsigned all = ((2u * each.reach + 1) << low) - 1, below_127 = (unsigned{each.reach} << low) + 126;
        span[i] = static_cast<std::uint8_t>(all < below_127 ? all : below_127);  // 127 also stands for more
        value[i] = static_cast<std::uint8_t>((static_cast<int>(i % 16) - 7) * (1 << low));
        escape_symbol[i] = i < chunk.channels ? escape : 0xff;
      }
    }
    made.is_wide = made.low_bits > 4;
    for (unsigned b = 0; b < 4; ++b) {
      made.first_with[b] = chunk.groups;
      for (unsigned g = chunk.groups; g-- > 0 && bits[g] > b;) made.first_with[b] = static_cast<std::uint8_t>(g);
      made.bytes_with[b] = static_cast<std::uint8_t>(2 * (chunk.groups - made.first_with[b]));
    }
    made.order = T::order_of(chunk.channel_of_lane);
    made.shift = T::shift_of(bits);
    made.bias = T::load(bias);
    made.reach = T::load(reach);
    made.span = T::load(span);
    made.value = T::quarter_table(value);
    made.escape_symbol = T::load(escape_symbol);
  }

  /// Bytes of low bits of a row.
  std::size_t low_bytes(const Chunk& chunk) const {
    std::size_t bytes = 0;
    if (is_wide) {
      for (unsigned g = 0; g < chunk.groups; ++g) bytes += 2u * classes[chunk.group_class[g]].low_bits;
    } else {
      for (unsigned b = 0; b < low_bits; ++b) bytes += 2u * (chunk.groups - first_with[b]);
    }
    return bytes;
  }
};

}  // namespace cinch::quant
