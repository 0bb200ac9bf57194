/// The second half of encoding: symbols become bytes, last run first.
#pragma once

#include "plugins/quant/block.hpp"

namespace cinch::quant {

template <class T, std::size_t sets>
std::uint8_t* code_runs(const Quantised& from, std::uint8_t* to, std::size_t room) {
  constexpr std::size_t states_bytes = rans::StoredStates<sets>::bytes;
  if (room < states_bytes + rans::margin) return nullptr;
  std::uint8_t* const end = to + (room - states_bytes - rans::margin);
  const std::uint8_t* symbols = from.symbols;
  for (std::size_t i = 0; i < from.run_count; ++i) symbols += room_of(from.runs[i].count);
  auto states = rans::States<T, sets>::start();
  for (std::size_t i = from.run_count; i-- > 0;) {
    const Run& run = from.runs[i];
    symbols -= room_of(run.count);
    if (static_cast<std::size_t>(end - to) < run.count) return nullptr;
    const auto table = rans::EncodeTable<T>::of(class_columns.column[run.symbol_class]);
    to = rans::encode_run<T, sets>(symbols, run.count, table, states, to);
  }
  states.write(to);
  return to + states_bytes;
}

}  // namespace cinch::quant
