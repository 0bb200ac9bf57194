/// Two things measured in turns, so that a noisy moment of the machine is in both: for `cinch bench` and the report.
#pragma once

#include <functional>

namespace cinch::tool {

/// Has the compiler write to `memory` what was to be written, though nobody reads it.
inline void keep(const void* memory) { asm volatile("" : : "r"(memory) : "memory"); }

struct PairedRates {
  double own = 0;    ///< The median, in units a second.
  double other = 0;  ///< The same.
  double share = 0;  ///< The median of own / other.
  double low = 0;    ///< All pairs but the lowest and the highest lie from here …
  double high = 0;   ///< … to here.
};

/// Calls both `pairs` times, once the one first and once the other; each measures itself and answers a rate. Requires:
/// `pairs >= 3`.
PairedRates measure_in_turns(int pairs, const std::function<double()>& own, const std::function<double()>& other);

}  // namespace cinch::tool
