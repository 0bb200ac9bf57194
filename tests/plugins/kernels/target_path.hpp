// The coder of plugins/rans, and operations of plugins/simd, on one target, as functions to call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "plugins/rans/frequencies.hpp"

namespace cinch::test {

struct TargetPath {
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
  /// 16 numbers of less than 32 bits to floats and back: f16, f8_e4m3, f8_e5m2.
  void (*load[3])(const std::uint8_t* from, float* to);
  void (*store[3])(const float* from, std::uint8_t* to);
};

const TargetPath& scalar_path();
const TargetPath& avx2_path();
const TargetPath& avx512_path();

}  // namespace cinch::test
