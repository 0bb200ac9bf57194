/// An interleaved rANS coder (J. Duda, "Asymmetric numeral systems", 2013) of up to 16 symbols in 128 slots.
///
/// What: symbols are coded in steps of 64; lane i of a step has a state of its own, of 16 bits, which gives away or
/// takes one byte at a time. `sets` sets of 64 states take turns, step by step, so that a processor can work on several
/// steps at once. The encoder goes backward through the symbols and writes forward; the decoder goes forward and reads
/// backward, starting at the end of the encoder's bytes. Within a step bytes lie in order of the lanes. States start at
/// 256, and have to be 256 again when everything is decoded. `T` is a target of plugins/simd; all make the same bytes.
/// Ownership: nothing is kept. Errors: the decoder reads nothing outside, whatever it reads; see `BackwardBytes`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "plugins/rans/frequencies.hpp"
#include "plugins/simd/target.hpp"

namespace cinch::rans {

inline constexpr std::size_t lanes = 64;
inline constexpr std::uint16_t first_state = 256;
inline constexpr std::size_t margin = 64;  ///< Bytes behind an output or an input that may be written or read as well.

/// The numbers that tables are made of. Requires: the frequencies are valid.
struct TableColumns {
  std::uint8_t frequency[symbol_count];
  std::uint8_t start[symbol_count];
  std::uint16_t reciprocal[symbol_count];
  std::uint8_t symbol_of_slot[slot_count];

  constexpr explicit TableColumns(const std::uint8_t* frequencies) : TableColumns() {
    unsigned slot = 0;
    for (std::size_t s = 0; s < symbol_count; ++s) {
      const unsigned f = frequencies[s];
      frequency[s] = static_cast<std::uint8_t>(f);
      start[s] = static_cast<std::uint8_t>(slot);
      reciprocal[s] = static_cast<std::uint16_t>(f < 2 ? 65535 : 65536 / f);
      for (unsigned i = 0; i < f; ++i) symbol_of_slot[slot + i] = static_cast<std::uint8_t>(s);
      slot += f;
    }
  }

 private:
  constexpr TableColumns() : frequency(), start(), reciprocal(), symbol_of_slot() {}
};

template <class T>
struct EncodeTable {
  typename T::ByteTable frequency, start;
  typename T::WordTable reciprocal;

  static EncodeTable of(const TableColumns& columns) {
    return {T::byte_table(columns.frequency), T::byte_table(columns.start), T::word_table(columns.reciprocal)};
  }
};

template <class T>
struct DecodeTable {
  typename T::SlotTable slots;
  typename T::ByteTable frequency, start;

  static DecodeTable of(const TableColumns& columns) {
    return {T::slot_table(columns.symbol_of_slot, columns.start), T::byte_table(columns.frequency),
            T::byte_table(columns.start)};
  }
};

/// The states of a coder, as they are stored.
template <std::size_t sets>
struct StoredStates {
  std::uint16_t state[sets][lanes];

  static constexpr std::size_t bytes = sets * lanes * sizeof(std::uint16_t);
};

template <class T, std::size_t sets>
struct States {
  typename T::Words set[sets];

  static States start() {
    States made;
    for (std::size_t i = 0; i < sets; ++i) made.set[i] = T::fill_words(first_state);
    return made;
  }
  static States read(const std::uint8_t* from) {
    States made;
    for (std::size_t i = 0; i < sets; ++i) {
      std::uint16_t state[lanes];
      for (std::size_t lane = 0; lane < lanes; ++lane, from += 2) {
        state[lane] = static_cast<std::uint16_t>(from[0] | from[1] << 8);
      }
      made.set[i] = T::load_words(state);
    }
    return made;
  }
  void write(std::uint8_t* to) const {
    for (std::size_t i = 0; i < sets; ++i) {
      std::uint16_t state[lanes];
      T::store_words(state, set[i]);
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        *to++ = static_cast<std::uint8_t>(state[lane]);
        *to++ = static_cast<std::uint8_t>(state[lane] >> 8);
      }
    }
  }
  /// Whether all states are back at the start, as intact bytes leave them.
  bool is_start() const {
    std::uint16_t differences = 0;
    for (std::size_t i = 0; i < sets; ++i) {
      std::uint16_t state[lanes];
      T::store_words(state, set[i]);
      for (std::size_t lane = 0; lane < lanes; ++lane) differences |= state[lane] ^ first_state;
    }
    return differences == 0;
  }
};

/// One step of the encoder.
template <class T>
CINCH_ALWAYS_INLINE typename T::Words encode_step(typename T::Words states, typename T::Bytes symbols,
                                                  const EncodeTable<T>& table, std::uint8_t*& to) {
  const typename T::Words frequency = T::widen(T::lookup(table.frequency, symbols));
  return T::grow(T::drain(states, frequency, to), frequency, T::widen(T::lookup(table.start, symbols)),
                 T::lookup(table.reciprocal, symbols));
}

/// One step of the decoder: the symbols, and states that still have to be refilled.
template <class T>
CINCH_ALWAYS_INLINE typename T::Bytes decode_step(typename T::Split& states, const DecodeTable<T>& table) {
  const typename T::Bytes slots = T::slots_of(states);
  const typename T::Bytes symbols = T::symbols_of(table.slots, states);
  states = T::shrink(states, T::lookup(table.frequency, symbols), T::sub(slots, T::lookup(table.start, symbols)));
  return symbols;
}

/// Codes `count` symbols of one table. Step j of a run has state set j % sets. Lanes beyond `count` take no part.
/// Requires: symbols up to the next multiple of 64 can be read and are below 16, those counted have a frequency; `to`
/// has room for `count` bytes and the margin. Returns where the next bytes go.
template <class T, std::size_t sets>
std::uint8_t* encode_run(const std::uint8_t* symbols, std::size_t count, const EncodeTable<T>& table,
                         States<T, sets>& states, std::uint8_t* to) {
  std::size_t step = count / lanes;
  if (const auto rest = static_cast<unsigned>(count % lanes); rest > 0) {
    typename T::Words& set = states.set[step % sets];
    // A state of 256 gives nothing away, whatever its symbol, as long as that has a frequency.
    std::uint8_t padded[lanes];
    std::memset(padded, symbols[count - 1], lanes);
    std::memcpy(padded, symbols + step * lanes, rest);
    const typename T::Words used = T::first(rest, set, T::fill_words(first_state));
    set = T::first(rest, encode_step<T>(used, T::load(padded), table, to), set);
  }
  for (; step % sets != 0; --step) {
    typename T::Words& set = states.set[(step - 1) % sets];
    set = encode_step<T>(set, T::load(symbols + (step - 1) * lanes), table, to);
  }
  States<T, sets> now = states;
  for (; step > 0; step -= sets) {
#pragma GCC unroll 4
    for (std::size_t i = 1; i <= sets; ++i) {
      typename T::Words& set = now.set[sets - i];
      set = encode_step<T>(set, T::load(symbols + (step - i) * lanes), table, to);
    }
  }
  states = now;
  return to;
}

struct Nothing {
  void operator()() const {}
};

/// Decodes what `encode_run` coded; in the middle of its steps it calls `aside`, which has time for `sets` steps of
/// something else that the processor can do while states wait for each other. Requires: `symbols` has room up to the
/// next multiple of 64; `from` may be read from `count` bytes below to the margin above. Returns where the next bytes
/// end.
template <class T, std::size_t sets, class Aside = Nothing>
const std::uint8_t* decode_run(std::uint8_t* symbols, std::size_t count, const DecodeTable<T>& table,
                               States<T, sets>& states, const std::uint8_t* from, Aside aside = {}) {
  std::size_t step = 0;
  typename T::Split now[sets];
#pragma GCC unroll 4
  for (std::size_t i = 0; i < sets; ++i) now[i] = T::split(states.set[i]);
  for (; step + sets <= count / lanes; step += sets) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < sets; ++i) T::store(symbols + (step + i) * lanes, decode_step<T>(now[i], table));
    aside();
#pragma GCC unroll 4
    for (std::size_t i = 0; i < sets; ++i) now[i] = T::refill(now[i], from);
  }
#pragma GCC unroll 4
  for (std::size_t i = 0; i < sets; ++i) states.set[i] = T::words_of(now[i]);
  for (; step < count / lanes; ++step) {
    typename T::Words& set = states.set[step % sets];
    typename T::Split last = T::split(set);
    T::store(symbols + step * lanes, decode_step<T>(last, table));
    set = T::words_of(T::refill(last, from));
  }
  if (const auto rest = static_cast<unsigned>(count % lanes); rest > 0) {
    typename T::Words& set = states.set[step % sets];
    // A state of all ones is not below 256 after a step, whatever its symbol: it takes nothing.
    typename T::Split used = T::split(T::first(rest, set, T::fill_words(65535)));
    T::store(symbols + step * lanes, decode_step<T>(used, table));
    set = T::first(rest, T::words_of(T::refill(used, from)), set);
  }
  return from;
}

/// Reads the bytes of an encoder backward, safely: a run that could pass their beginning reads a copy with zeros before
/// it, and `take` reports whether it did. A run asks for at most `most` bytes.
template <std::size_t most>
class BackwardBytes {
 public:
  /// Requires: `margin` bytes can be read behind `bytes[size]`.
  BackwardBytes(const std::uint8_t* bytes, std::size_t size) : begin_(bytes), at_(bytes + size) {}

  /// Where the next bytes end; `count` bytes below and the margin above can be read.
  const std::uint8_t* need(std::size_t count) {
    if (!is_copied_ && static_cast<std::size_t>(at_ - begin_) < count) {
      const auto left = static_cast<std::size_t>(at_ - begin_);
      std::memset(copy_, 0, most);
      std::memcpy(copy_ + most, begin_, left + margin);
      begin_ = copy_ + most;
      at_ = begin_ + left;
      is_copied_ = true;
    }
    return at_;
  }
  /// Continues from where a run ended. Returns false if the run passed the beginning.
  [[nodiscard]] bool take(const std::uint8_t* next) {
    at_ = next;
    return at_ >= begin_;
  }
  bool is_empty() const { return at_ == begin_; }

 private:
  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  bool is_copied_ = false;
  std::uint8_t copy_[2 * most + margin];
};

}  // namespace cinch::rans
