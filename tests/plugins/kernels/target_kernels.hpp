#pragma once

#include "plugins/rans/coder.hpp"
#include "plugins/simd/small_float.hpp"
#include "tests/plugins/kernels/target_path.hpp"

namespace cinch::test {

template <class T>
struct TargetKernels {
  static constexpr std::size_t sets = 2;
  static constexpr bool has_wide = requires(const std::uint8_t* table) { T::wide_table(table); };
  using States = rans::States<T, sets>;

  static std::size_t encode(const std::uint8_t* symbols, std::size_t count, std::size_t runs,
                            const rans::Frequencies& frequencies, std::uint8_t* to) {
    const auto table = rans::EncodeTable<T>::of(rans::TableColumns(&frequencies[0]));
    auto states = States::start();
    std::uint8_t* at = to;
    const std::size_t stride = (count + 63) / 64 * 64;
    for (std::size_t run = runs; run-- > 0;) at = rans::encode_run(symbols + run * stride, count, table, states, at);
    states.write(at);
    return static_cast<std::size_t>(at - to) + rans::StoredStates<sets>::bytes;
  }

  static bool decode(const std::uint8_t* from, std::size_t size, std::size_t count, std::size_t runs,
                     const rans::Frequencies& frequencies, std::uint8_t* symbols) {
    const auto table = rans::DecodeTable<T>::of(rans::TableColumns(&frequencies[0]));
    size -= rans::StoredStates<sets>::bytes;
    auto states = States::read(from + size);
    rans::BackwardBytes<4096> bytes(from, size);
    const std::size_t stride = (count + 63) / 64 * 64;
    for (std::size_t run = 0; run < runs; ++run) {
      if (!bytes.take(rans::decode_run(symbols + run * stride, count, table, states, bytes.need(count)))) return false;
    }
    return bytes.is_empty() && states.is_start();
  }

  static void look_up(const std::uint8_t* table, const std::uint16_t* words, const std::uint8_t* indexes,
                      std::uint16_t* word, std::uint8_t* narrow) {
    std::uint8_t low[64];
    for (unsigned i = 0; i < 64; ++i) low[i] = indexes[i] & 15;
    T::store_words(word, T::lookup(T::word_table(words), T::load(low)));
    T::store(narrow, T::lookup(T::byte_table(table), T::load(low)));
  }

  static void look_up_wide(const std::uint8_t* table, const std::uint8_t* indexes, std::uint8_t* wide,
                           std::uint8_t* half) {
    if constexpr (has_wide) {
      T::store(wide, T::lookup(T::wide_table(table), T::load(indexes)));
      T::store(half, T::lookup(T::half_table(table), T::load(indexes)));
    }
  }

  static void add_fused(const float* a, const float* b, const float* c, float* to) {
    T::store_floats(to, T::fused_product_add(T::load_floats(a), T::load_floats(b), T::load_floats(c)));
  }
  static void hold(const float* from, float* held, float* back) {
    T::store_as_held(held, T::load_floats(from));
    T::store_floats(back, T::load_as_held(held));
  }
  static void sum(const float* rows, float* sums, float* each) {
    typename T::Floats all[16];
    for (std::size_t i = 0; i < 16; ++i) {
      all[i] = T::load_floats(rows + 16 * i);
      each[i] = T::sum(all[i]);
    }
    T::store_floats(sums, T::sums(all));
  }
  static void put_bf16(const std::uint8_t* sign, const std::uint8_t* octave, const std::uint8_t* above,
                       const std::uint8_t* low, std::uint8_t* words) {
    T::store_bf16_of(words, T::load(sign), T::load(octave), T::load(above), T::load(low));
  }

  static void load_f16(const std::uint8_t* from, float* to) { T::store_floats(to, T::load_f16(from)); }
  static void store_f16(const float* from, std::uint8_t* to) { T::store_f16(to, T::load_floats(from)); }
  template <class Small>
  static void load_f8(const std::uint8_t* from, float* to) {
    T::store_floats(to, T::template load_f8<Small>(from));
  }
  template <class Small>
  static void store_f8(const float* from, std::uint8_t* to) {
    T::template store_f8<Small>(to, T::load_floats(from));
  }

  static constexpr TargetPath path{encode,
                                   decode,
                                   look_up,
                                   has_wide ? look_up_wide : nullptr,
                                   add_fused,
                                   T::register_order,
                                   hold,
                                   sum,
                                   put_bf16,
                                   {load_f16, load_f8<simd::E4m3>, load_f8<simd::E5m2>},
                                   {store_f16, store_f8<simd::E4m3>, store_f8<simd::E5m2>}};
};

}  // namespace cinch::test
