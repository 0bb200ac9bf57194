// The coder of plugins/rans, and operations of plugins/simd, on one target, as functions to call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "plugins/rans/frequencies.hpp"
#include "plugins/simd/target.hpp"

namespace cinch::test {

struct TargetPath {
  /// Writes bytes, then states; returns the number of both. `runs` runs of `count` symbols, each beginning at a
  /// multiple of 64 of `symbols`.
  std::size_t (*encode)(const std::uint8_t* symbols, std::size_t count, std::size_t runs, const rans::Frequencies&,
                        std::uint8_t* to);
  /// True: intact.
  bool (*decode)(const std::uint8_t* from, std::size_t size, std::size_t count, std::size_t runs,
                 const rans::Frequencies&, std::uint8_t* symbols);
  /// Lookups in 16 words and 16 bytes, of 64 indexes.
  void (*look_up)(const std::uint8_t* table, const std::uint16_t* words, const std::uint8_t* indexes,
                  std::uint16_t* word, std::uint8_t* narrow);
  /// The same in 128 bytes and in the first 64 of them; null: the target has no such lookups.
  void (*look_up_wide)(const std::uint8_t* table, const std::uint8_t* indexes, std::uint8_t* wide, std::uint8_t* half);
  /// Of 16 floats each.
  void (*add_fused)(const float* a, const float* b, const float* c, float* to);
  simd::RegisterOrder register_order;
  /// 16 floats as registers hold them, and back from there.
  void (*hold)(const float* from, float* held, float* back);
  /// The sums of 16 rows of 16 floats, all at once and one by one.
  void (*sum)(const float* rows, float* sums, float* each);
  /// 64 words of bf16 from bytes; see `Scalar::store_bf16_of`.
  void (*put_bf16)(const std::uint8_t* sign, const std::uint8_t* octave, const std::uint8_t* above,
                   const std::uint8_t* low, std::uint8_t* words);
  /// 16 numbers of less than 32 bits to floats and back: f16, f8_e4m3, f8_e5m2.
  void (*load[3])(const std::uint8_t* from, float* to);
  void (*store[3])(const float* from, std::uint8_t* to);
};

const TargetPath& scalar_path();
const TargetPath& avx2_path();
const TargetPath& avx512_path();

}  // namespace cinch::test
