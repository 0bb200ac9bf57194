/// The encoder of a tile, as a template over a target of plugins/simd.
#pragma once

#include "plugins/tensor/tile_parts.hpp"

namespace cinch::tensor {
namespace {

/// A stack of bits, written with eight bytes at a time and without a branch: groups differ in how many they push.
class BitPusher {
 public:
  explicit BitPusher(PushStacks& stacks)
      : stacks_(stacks), to_(stacks.bits + stacks.bit_count / 64 * 8), used_(stacks.bit_count % 64) {
    std::memcpy(&held_, to_, 8);
    held_ &= (std::uint64_t{1} << used_) - 1;
  }
  ~BitPusher() {
    std::memcpy(to_, &held_, 8);
    stacks_.bit_count = static_cast<std::uint64_t>(to_ - stacks_.bits) * 8 + used_;
  }

  /// At most 64; those of `bits` beyond them are 0.
  void push(std::uint64_t bits, unsigned count) {
    const std::uint64_t word = held_ | bits << used_;
    const std::uint64_t rest = bits >> 1 >> (63 - used_);
    std::memcpy(to_, &word, 8);
    const unsigned used = used_ + count;
    const std::uint64_t is_full = -static_cast<std::uint64_t>(used / 64);  // a choice would be compiled to a branch
    held_ = (rest & is_full) | (word & ~is_full);
    to_ += used / 64 * 8;
    used_ = used % 64;
  }

 private:
  PushStacks& stacks_;
  std::uint8_t* to_;
  std::uint64_t held_ = 0;  ///< The last bits, fewer than 64.
  unsigned used_;
};

/// What the coder needs of the symbols of 64 elements.
template <class T>
struct ToEncode {
  typename T::Words frequency, first_slot, reciprocal;
  std::uint64_t extra_halves, extra_turns, escapes;
};

/// The low four bits of `context` are 0. Only the top bit of `turn` counts, and `turns` has it, too.
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

/// A group whose symbols are found, but not pushed yet.
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
  do {  // the first time without asking whether there is one: that branch would be unpredictable
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
  const Tile tile = given;  // a copy, which no store to bytes can change
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
    // Processors prefetch badly when memory is read downwards.
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

}  // namespace
}  // namespace cinch::tensor
