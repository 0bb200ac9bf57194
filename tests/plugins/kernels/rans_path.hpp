// The coder of plugins/rans on one target of plugins/simd, as functions to call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "plugins/rans/frequencies.hpp"
#include "plugins/simd/target.hpp"

namespace cinch::test {

struct RansPath {
  /// Writes bytes, then states; returns the number of both. `runs` runs of `count` symbols, each beginning at a
  /// multiple of 64 of `symbols`.
  std::size_t (*encode)(const std::uint8_t* symbols, std::size_t count, std::size_t runs, const rans::Frequencies&,
                        std::uint8_t* to);
  /// True: intact.
  bool (*decode)(const std::uint8_t* from, std::size_t size, std::size_t count, std::size_t runs,
                 const rans::Frequencies&, std::uint8_t* symbols);
  /// Lookups in 128 bytes, words and bytes of 64 indexes, one after the other.
  void (*look_up)(const std::uint8_t* table, const std::uint16_t* words, const std::uint8_t* indexes,
                  std::uint8_t* wide, std::uint16_t* word, std::uint8_t* narrow);
};

const RansPath& rans_scalar();
const RansPath& rans_avx2();
const RansPath& rans_avx512();

}  // namespace cinch::test
