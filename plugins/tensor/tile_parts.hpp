/// What encoding and decoding a tile share. Everything has internal linkage, so that each instruction set has its own.
#pragma once

#include "plugins/tensor/words.hpp"

namespace cinch::tensor {
namespace {

template <class T>
CINCH_ALWAYS_INLINE typename T::WideTable wide(const std::uint8_t* table, unsigned part = 0) {
  return T::wide_table(table + 128 * part);
}

/// Looks up in a table by id. Without a context above 3 all ids are in its lower half: one register is permuted, not
/// two.
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

/// Where the rows of a pair of groups start.
struct Rows {
  const std::uint8_t* contexts;
  const std::uint8_t* octaves;
  const std::uint8_t* halves;
};

/// Where a pair of groups starts in rows that repeat.
class Walk {
 public:
  Walk(std::size_t period, std::size_t phase, std::size_t element) : period_(period), at_((phase + element) % period) {}
  std::size_t at() const { return at_; }
  void forward() {
    at_ += pair;
    if (at_ >= period_) at_ -= period_;
  }
  void back() {
    if (at_ < pair) at_ += period_;
    at_ -= pair;
  }

 private:
  std::size_t period_;
  std::size_t at_;
};

}  // namespace
}  // namespace cinch::tensor
