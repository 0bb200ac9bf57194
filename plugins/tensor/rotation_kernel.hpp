/// Means that turn, and the contexts that they predict, for the kernels of one instruction set.
#pragma once

#include "plugins/tensor/words.hpp"

namespace cinch::tensor {
namespace {

/// By the table, linear between its entries; the product of 16 and 24 bits is made in two parts.
inline std::int16_t sine(std::uint32_t angle) {
  const std::uint32_t index = angle >> (32 - SineTable::bits);
  const auto fraction = static_cast<std::int32_t>(angle << SineTable::bits >> 16);
  const std::int32_t start = sine_table.at[index];
  const std::int32_t rise = sine_table.at[index + 1] - start;
  const std::int32_t value = start + ((fraction * (rise >> 8) + (fraction * (rise & 255) >> 8)) >> 8);
  const std::int32_t size = (value + (1 << 14)) >> 15;
  const std::int32_t rounded = size < 32767 ? size : 32767;
  return static_cast<std::int16_t>(rounded > -32767 ? rounded : -32767);
}

template <class T>  // plain C++, as fast as the target makes it
void waves(const std::uint32_t* angles, std::size_t count, std::uint64_t token, std::int16_t* __restrict cosines,
           std::int16_t* __restrict sines) {
  const auto low = static_cast<std::uint32_t>(token);  // angles are whole turns above 32 bits
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t angle = angles[i] * low;
    cosines[i] = sine(angle + 0x40000000u);
    sines[i] = sine(angle);
  }
}

inline std::int16_t bounded(std::int32_t amplitude) {
  const std::int32_t below = amplitude < max_amplitude ? amplitude : max_amplitude;
  return static_cast<std::int16_t>(below > -max_amplitude ? below : -max_amplitude);
}

template <class T>  // plain C++, as fast as the target makes it
void turn(const Rotation& rotation, std::int16_t* __restrict along, std::int16_t* __restrict across) {
  for (std::size_t head = 0; head < rotation.channels; head += rotation.head_dim) {
    const std::int16_t* const a = rotation.along + head;
    const std::int16_t* const b = rotation.across + head;
    std::int16_t* const to_along = along + head;
    std::int16_t* const to_across = across + head;
    for (std::size_t i = 0; i < rotation.head_dim; ++i) {
      const std::int32_t c = rotation.cosines[i];
      const std::int32_t s = rotation.sines[i];
      to_along[i] = bounded((a[i] * c + b[i] * s + (1 << 14)) >> 15);
      to_across[i] = bounded((b[i] * c - a[i] * s + (1 << 14)) >> 15);
    }
  }
}

template <class T>
void predict(const Rotation& rotation, std::size_t tokens, std::uint8_t* __restrict contexts) {
  alignas(64) std::uint8_t by_size[16];
  for (unsigned i = 0; i < 16; ++i) by_size[i] = static_cast<std::uint8_t>(context_of_size[i] << 4);
  const auto table = T::byte_table(by_size);
  for (std::size_t head = 0; head < rotation.channels; head += rotation.head_dim) {
    for (std::size_t done = 0; done < rotation.head_dim; done += lanes) {
      // The last 64 channels overlap those before where a head is no multiple of 64.
      const std::size_t i = done + lanes <= rotation.head_dim ? done : rotation.head_dim - lanes;
      const std::int16_t* cosines = rotation.cosines + i;
      const std::int16_t* sines = rotation.sines + i;
      std::uint8_t* to = contexts + head + i;
      for (std::size_t token = 0; token < tokens; ++token) {
        const auto p = T::turned(rotation.along + head + i, cosines, rotation.across + head + i, sines);
        const auto size = T::smaller(T::absolute(p), T::fill(15));
        T::store(to, T::either(T::lookup(table, size), and_bits<T>(p, 128)));
        cosines += rotation.head_dim;
        sines += rotation.head_dim;
        to += rotation.channels;
      }
    }
  }
}

}  // namespace
}  // namespace cinch::tensor
