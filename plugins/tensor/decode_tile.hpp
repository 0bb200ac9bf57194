/// The decoder of a tile, as a template over a target of plugins/simd.
#pragma once

#include "plugins/tensor/tile_parts.hpp"

namespace cinch::tensor {
namespace {

/// Bits `at` to `at + 64`; those beyond what was asked for are whatever follows.
inline std::uint64_t bits_at(const std::uint8_t* bits, std::uint64_t at) {
  std::uint64_t word;
  std::memcpy(&word, bits + at / 8, 8);
  const unsigned used = static_cast<unsigned>(at % 8);
  return word >> used | static_cast<std::uint64_t>(bits[at / 8 + 8]) << 1 << (63 - used);
}

template <class T>
struct Decoded {
  typename T::Bytes frequency, offset, meaning;
  std::uint64_t escapes;
};

template <class T>
CINCH_ALWAYS_INLINE Decoded<T> meanings_of(const AlphabetTables& tables, typename T::Bytes context,
                                           typename T::Bytes slots) {
  if constexpr (T::has_wide_lookup) {
    // Looks up in all contexts that occur: what depends on the states has to be quick, and a search is not.
    const auto in = [&](unsigned number) { return T::lookup(wide<T>(tables.id_of_slot, number), slots); };
    const auto first = T::with_bit(context, 4), second = T::with_bit(context, 5), third = T::with_bit(context, 6);
    const auto pair_of = [&](unsigned number) { return T::select(first, in(number + 1), in(number)); };
    const auto meanings = [&]<bool has_upper>(typename T::Bytes id) __attribute__((always_inline)) {
      const auto of = [&](const std::uint8_t* table) { return by_id<T, has_upper>(table, id); };
      return Decoded<T>{of(tables.frequency), T::sub(slots, of(tables.first_slot)), of(tables.meaning),
                        T::bits_of(T::equal(and_bits<T>(id, 15), T::fill(0)))};
    };
    const auto low = T::select(second, pair_of(2), pair_of(0));
    if (T::bits_of(third) == 0) return meanings.template operator()<false>(low);
    return meanings.template operator()<true>(T::select(third, T::select(second, pair_of(6), pair_of(4)), low));
  } else {
    const auto low = T::either(slots, T::template shift_left<3>(and_bits<T>(context, 16)));
    const auto entries = T::lookup(tables.decode, low, and_bits<T>(T::template shift_right<5>(context), 3));
    return {entries.byte[0], entries.byte[1], entries.byte[2], T::template bits<7>(entries.byte[3])};
  }
}

/// A pair of groups whose states are decoded, but whose words are not put together yet.
template <class T>
struct DecodedPair {
  Rows rows;
  Decoded<T> first, second;
};

template <class T>
CINCH_ALWAYS_INLINE Decoded<T> decode_step(const AlphabetTables& tables, const std::uint8_t* contexts,
                                           typename T::Split& states) {
  const auto decoded = meanings_of<T>(tables, T::load(contexts), T::slots_of(states));
  states = T::shrink(states, decoded.frequency, decoded.offset);
  return decoded;
}

/// What is popped beside the rANS bytes.
struct Popped {
  const std::uint8_t* bits;
  std::uint64_t bit_count;
  const std::uint8_t* escapes;
  const std::uint8_t* escapes_bottom;
};

template <Layout layout>
bool pop_escapes(std::uint64_t lanes_escaped, unsigned count, std::uint8_t* words, Popped& popped) {
  if (static_cast<std::size_t>(popped.escapes - popped.escapes_bottom) < 2 * count) return false;
  popped.escapes -= 2 * count;
  const std::uint8_t* escape = popped.escapes;
  for (std::uint64_t left = lanes_escaped; left != 0; left &= left - 1, escape += 2) {
    std::uint16_t top;
    std::memcpy(&top, escape, 2);
    set_top<layout>(top, words + static_cast<std::size_t>(__builtin_ctzll(left)) * cut<layout>.word_bytes);
  }
  return true;
}

/// From meanings to words. Returns false if a stack runs empty.
template <class T, Layout layout>
CINCH_ALWAYS_INLINE bool finish_group(const Decoded<T>& decoded, const Rows& rows, std::size_t skip,
                                      const std::uint8_t* stored, std::uint8_t* words, Popped& popped) {
  const std::uint64_t extra_halves = T::template bits<6>(decoded.meaning);
  const std::uint64_t extra_turns = T::template bits<5>(decoded.meaning);
  const unsigned half_count = T::count_bits(extra_halves);
  const unsigned extra_count = half_count + T::count_bits(extra_turns);
  if (popped.bit_count < extra_count) return false;
  popped.bit_count -= extra_count;
  const std::uint64_t halves = T::place_bits(bits_at(popped.bits, popped.bit_count), extra_halves);
  const std::uint64_t turns = T::place_bits(bits_at(popped.bits, popped.bit_count + half_count), extra_turns);
  const auto step = T::add_where(T::mask_of(halves), and_bits<T>(decoded.meaning, 31), T::fill(1));
  const auto turn = T::add_where(T::mask_of(turns), decoded.meaning, T::fill(128));
  const DecodedParts<T> parts{T::differ(turn, T::load(rows.contexts + skip)), T::load(rows.octaves + skip),
                              T::add(step, T::load(rows.halves + skip)),
                              unpack<T, cut<layout>.low_bits>(stored + lanes * cut<layout>.byte_planes)};
  put_together<T, layout>(parts, stored, words);
  if (decoded.escapes == 0) return true;
  return pop_escapes<layout>(decoded.escapes, T::count_bits(decoded.escapes), words, popped);
}

/// On targets with many registers, the words of a pair are put together while the states of the next are decoded.
template <class T, Layout layout>
bool decode_tile(const AlphabetTables& tables, const Tile& given, const std::uint8_t* stored, std::uint8_t* words,
                 PopStacks& stacks) {
  constexpr std::size_t ahead = 1024;
  constexpr std::size_t group_bytes = lanes * cut<layout>.word_bytes;
  constexpr std::size_t stored_bytes = cut<layout>.stored_bytes();
  const Tile tile = given;  // as in `encode_tile`
  Popped popped{stacks.bits, stacks.bit_count, stacks.escapes, stacks.escapes_bottom};
  const std::uint8_t* bytes = stacks.bytes;
  const std::uint8_t* const bytes_bottom = stacks.bytes_bottom;
  auto first = T::split(load_states<T>(stacks.states, 0)), second = T::split(load_states<T>(stacks.states, lanes));
  Walk contexts(tile.context_period, tile.context_phase, 0);
  Walk bases(tile.base_period, tile.base_phase, 0);
  const auto decode = [&](DecodedPair<T> & to, bool is_pair) __attribute__((always_inline)) {
    to.rows = {tile.contexts + contexts.at(), tile.octaves + bases.at(), tile.halves + bases.at()};
    contexts.forward();
    bases.forward();
    to.first = decode_step<T>(tables, to.rows.contexts, first);
    if (is_pair) to.second = decode_step<T>(tables, to.rows.contexts + lanes, second);
    first = T::refill(first, bytes);
    if (is_pair) second = T::refill(second, bytes);
    // Processors prefetch little when memory is read in two places, in one of them downwards.
    __builtin_prefetch(bytes - ahead);
    for (std::size_t i = 0; i < 2 * stored_bytes; i += 64) __builtin_prefetch(stored + ahead + i);
    return bytes >= bytes_bottom;
  };
  const auto finish = [&](const DecodedPair<T>& from, bool is_pair) __attribute__((always_inline)) {
    if (!finish_group<T, layout>(from.first, from.rows, 0, stored, words, popped)) return false;
    if (is_pair &&
        !finish_group<T, layout>(from.second, from.rows, lanes, stored + stored_bytes, words + group_bytes, popped)) {
      return false;
    }
    stored += 2 * stored_bytes;
    words += 2 * group_bytes;
    return true;
  };
  std::size_t pairs = tile.groups / 2;
  DecodedPair<T> decoded;
  if constexpr (T::has_many_registers) {
    if (pairs > 0 && !decode(decoded, true)) return false;
    for (; pairs > 1; --pairs) {
      DecodedPair<T> next;
      if (!decode(next, true) || !finish(decoded, true)) return false;
      decoded = next;
    }
    if (pairs > 0 && !finish(decoded, true)) return false;
  } else {
    for (; pairs > 0; --pairs) {
      if (!decode(decoded, true) || !finish(decoded, true)) return false;
    }
  }
  if (tile.groups % 2 != 0 && !(decode(decoded, false) && finish(decoded, false))) return false;
  stacks.bytes = bytes;
  stacks.bit_count = popped.bit_count;
  stacks.escapes = popped.escapes;
  store_states<T>(stacks.states, 0, T::words_of(first));
  store_states<T>(stacks.states, lanes, T::words_of(second));
  return true;
}

}  // namespace
}  // namespace cinch::tensor
