/// The kernels as templates over a target of plugins/simd; included by the source of each target alone.
#pragma once

#include "plugins/tensor/rotation_kernel.hpp"
#include "plugins/tensor/sample_loops.hpp"
#include "plugins/tensor/words.hpp"

namespace cinch::tensor {
namespace {

template <class T>
CINCH_ALWAYS_INLINE typename T::WideTable wide(const std::uint8_t* table, unsigned part = 0) {
  return T::wide_table(table + 128 * part);
}

/// Of a table by id. Without a context above 3 its lower half has all there are: one register is permuted, not two.
template <class T, bool has_upper>
CINCH_ALWAYS_INLINE typename T::Bytes by_id(const std::uint8_t* table, typename T::Bytes id) {
  if constexpr (has_upper) return T::lookup(wide<T>(table), id);
  return T::lookup(T::half_table(table), id);
}

/// A set of states: its lanes are those from `lane` on.
template <class T>
CINCH_ALWAYS_INLINE typename T::Words load_states(const States& from, std::size_t lane) {
  return T::join(T::load(from.low + lane), T::load(from.high + lane));
}
template <class T>
CINCH_ALWAYS_INLINE void store_states(States& to, std::size_t lane, typename T::Words states) {
  T::store(to.low + lane, T::low_bytes_of(states));
  T::store(to.high + lane, T::high_bytes_of(states));
}

/// What the coder needs of the symbols of 64 elements.
template <class T>
struct ToEncode {
  typename T::Words frequency, first_slot, reciprocal;
  std::uint64_t extra_halves, extra_turns, escapes;
};

/// Of `context` and `turn` the low four bits are 0, and of `turn` only the top bit counts: it is in `turns`.
template <class T>
CINCH_ALWAYS_INLINE ToEncode<T> symbols_of(const AlphabetTables& tables, typename T::Bytes context,
                                           typename T::Bytes step, typename T::Bytes turn, std::uint64_t turns) {
  const auto low_contexts = T::add(context, context);  // the lower two bits of a context's number are bits 5 and 6
  if constexpr (T::has_wide_lookup) {
    const auto key = T::either(step, low_contexts);
    const auto is_high = T::with_bit(context, 6);
    const auto is_turned = T::mask_of(turns);
    auto found =
        T::select(is_turned, T::lookup(wide<T>(tables.symbol, 1), key), T::lookup(wide<T>(tables.symbol, 0), key));
    const auto symbols = [&]<bool has_upper>() __attribute__((always_inline)) {
      const auto id = T::either(and_bits<T>(found, 15), context);
      const auto of = [&](const std::uint8_t* table) { return by_id<T, has_upper>(table, id); };
      return ToEncode<T>{T::widen(of(tables.frequency)),
                         T::widen(of(tables.first_slot)),
                         T::join(of(tables.reciprocal_low), of(tables.reciprocal_high)),
                         T::template bits<6>(found),
                         T::template bits<5>(found),
                         T::bits_of(T::equal(and_bits<T>(found, 15), T::fill(0)))};
    };
    // Groups have the same channels again and again: processors learn which have any of the upper contexts.
    if (T::bits_of(is_high) == 0) return symbols.template operator()<false>();
    found = T::select(
        is_high,
        T::select(is_turned, T::lookup(wide<T>(tables.symbol, 3), key), T::lookup(wide<T>(tables.symbol, 2), key)),
        found);
    return symbols.template operator()<true>();
  } else {
    const auto key = T::either(T::either(step, and_bits<T>(low_contexts, 0x60)), and_bits<T>(turn, 128));
    const auto entries = T::lookup(tables.encode, key, and_bits<T>(T::template shift_right<6>(context), 1));
    const auto first_slot = and_bits<T>(entries.byte[1], 127);
    return {T::widen(and_bits<T>(entries.byte[0], 127)), T::widen(first_slot),
            T::join(entries.byte[2], entries.byte[3]),   T::template bits<7>(entries.byte[0]),
            T::template bits<7>(entries.byte[1]),        T::bits_of(T::equal(first_slot, T::fill(0)))};
  }
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
    // All contexts that there are get looked up: what depends on the states has to be quick, and a search is not.
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

/// Where the rows of a pair of groups start.
struct Rows {
  const std::uint8_t* contexts;
  const std::uint8_t* octaves;
  const std::uint8_t* halves;
};

/// A group of which the symbols are found, and nothing is pushed yet.
template <class T>
struct FoundGroup {
  ToEncode<T> symbols;
  std::uint64_t halves, turns;
  const std::uint8_t* words;
};

/// Stores the low bits as well.
template <class T, Layout layout>
CINCH_ALWAYS_INLINE FoundGroup<T> find_symbols(const AlphabetTables& tables, const Rows& rows, std::size_t skip,
                                               const std::uint8_t* words, std::uint8_t* stored) {
  const Parts<T> parts = take_apart<T, layout>(words, stored);
  pack<T, cut<layout>.low_bits>(parts.low, stored + lanes * cut<layout>.byte_planes);
  const auto context = T::load(rows.contexts + skip);
  const auto turn = T::differ(parts.sign, context);
  const std::uint64_t turns = T::template bits<7>(turn);
  const auto above = T::sub_to_zero(parts.exponent, T::load(rows.octaves + skip));
  const auto step = T::smaller(
      T::sub_to_zero(T::either(T::add_to_most(above, above), parts.half), T::load(rows.halves + skip)), T::fill(31));
  return {symbols_of<T>(tables, context, step, turn, turns), T::template bits<0>(step), turns, words};
}

template <class T, Layout layout>
CINCH_ALWAYS_INLINE void push_group(const FoundGroup<T>& group, typename T::Words& states, std::uint8_t*& bytes,
                                    std::uint8_t*& escapes, BitPusher& extra) {
  const ToEncode<T>& symbols = group.symbols;
  extra.push(T::pick_bits(group.halves, symbols.extra_halves), T::count_bits(symbols.extra_halves));
  extra.push(T::pick_bits(group.turns, symbols.extra_turns), T::count_bits(symbols.extra_turns));
  std::uint64_t left = symbols.escapes;
  do {  // the first time without a look at whether there is one, which nobody can guess
    const auto lane = static_cast<std::size_t>(__builtin_ctzll(left | std::uint64_t{1} << 63));
    const std::uint16_t top = top_of<layout>(group.words + lane * cut<layout>.word_bytes);
    std::memcpy(escapes, &top, 2);
    escapes += left != 0 ? 2 : 0;
    left &= left - 1;
  } while (left != 0);
  states =
      T::grow(T::drain(states, symbols.frequency, bytes), symbols.frequency, symbols.first_slot, symbols.reciprocal);
}

/// The symbols of a group are found before the group behind it is pushed: neither waits for the other.
template <class T, Layout layout>
void encode_tile(const AlphabetTables& tables, const Tile& given, const std::uint8_t* words, std::uint8_t* stored,
                 PushStacks& stacks) {
  constexpr std::size_t ahead = 2048;
  constexpr std::size_t group_bytes = lanes * cut<layout>.word_bytes;
  constexpr std::size_t stored_bytes = cut<layout>.stored_bytes();
  const Tile tile = given;  // stores of bytes might change what is not a copy
  BitPusher extra(stacks);
  std::uint8_t* bytes = stacks.bytes;
  std::uint8_t* escapes = stacks.escapes;
  auto first = load_states<T>(stacks.states, 0), second = load_states<T>(stacks.states, lanes);
  std::size_t group = tile.groups / 2 * 2;
  Walk contexts(tile.context_period, tile.context_phase, group * lanes);
  Walk bases(tile.base_period, tile.base_phase, group * lanes);
  const auto go_back = [&] {
    group -= 2;
    contexts.back();
    bases.back();
    // Processors do not guess well what is wanted next of memory that is read downwards.
    for (std::size_t i = 0; i < 2 * group_bytes; i += 64) __builtin_prefetch(words + group * group_bytes + i - ahead);
  };
  const auto find = [&](std::size_t which) __attribute__((always_inline)) {
    const Rows rows{tile.contexts + contexts.at(), tile.octaves + bases.at(), tile.halves + bases.at()};
    return find_symbols<T, layout>(tables, rows, which * lanes, words + (group + which) * group_bytes,
                                   stored + (group + which) * stored_bytes);
  };
  const auto push = [&](const FoundGroup<T>& found, typename T::Words& states) __attribute__((always_inline)) {
    push_group<T, layout>(found, states, bytes, escapes, extra);
  };
  if (group < tile.groups) push(find(0), first);
  if (group > 0) {
    go_back();
    FoundGroup<T> behind = find(1);
    while (group > 0) {
      const FoundGroup<T> before = find(0);
      push(behind, second);
      go_back();
      behind = find(1);
      push(before, first);
    }
    const FoundGroup<T> last = find(0);
    push(behind, second);
    push(last, first);
  }
  stacks.bytes = bytes;
  stacks.escapes = escapes;
  store_states<T>(stacks.states, 0, first);
  store_states<T>(stacks.states, lanes, second);
}

/// A pair of groups of which the states are decoded, and the words are not yet put together.
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

/// From meanings to words; false when a stack is empty.
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

/// Where there are registers enough, the words of a pair are put together while the states of the next are decoded.
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
    // Processors guess little of what is read in two places, in one of them downwards.
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

template <class T>
constexpr Kernels kernels_of() {
  return {.target = T::target,
          .encode = {encode_tile<T, Layout::bf16>, encode_tile<T, Layout::f16>, encode_tile<T, Layout::f32>,
                     encode_tile<T, Layout::e4m3>, encode_tile<T, Layout::e5m2>},
          .decode = {decode_tile<T, Layout::bf16>, decode_tile<T, Layout::f16>, decode_tile<T, Layout::f32>,
                     decode_tile<T, Layout::e4m3>, decode_tile<T, Layout::e5m2>},
          .waves = waves<T>,
          .turn = turn<T>,
          .predict = predict<T>,
          .sample = sample_loops,
          .detection = &rotary::detection_loops<T>};
}

}  // namespace
}  // namespace cinch::tensor
