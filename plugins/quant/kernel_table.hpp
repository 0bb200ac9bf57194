/// Makes the table of kernels of a target; for the sources that are compiled for one.
#pragma once

#include "plugins/quant/code.hpp"
#include "plugins/quant/dequantise.hpp"
#include "plugins/quant/kernels.hpp"
#include "plugins/quant/measure.hpp"
#include "plugins/quant/quantise.hpp"
#include "plugins/quant/statistics.hpp"

namespace cinch::quant {

template <class T>
struct KernelTable {
  /// Calls `function` with the element type as a template argument.
  template <class Function>
  static auto with(Element element, Function&& function) {
    switch (element) {
      case Element::f16: return function.template operator()<Element::f16>();
      case Element::f32: return function.template operator()<Element::f32>();
      case Element::f8_e4m3: return function.template operator()<Element::f8_e4m3>();
      case Element::f8_e5m2: return function.template operator()<Element::f8_e5m2>();
      case Element::bf16: break;
    }
    return function.template operator()<Element::bf16>();
  }

  static bool quantise(const Block& block, Element element, const Precision& precision, const std::uint8_t* from,
                       Quantised& to) {
    return with(element, [&]<Element e>() { return Quantiser<T, e>(block, precision, to).run(from); });
  }
  static std::uint8_t* code(const Quantised& from, std::uint64_t values, std::uint8_t* to, std::size_t room) {
    return values < two_set_values ? code_runs<T, 1>(from, to, room) : code_runs<T, 2>(from, to, room);
  }
  static bool decode(const Block& block, Element element, const Stored& from, std::uint8_t* to) {
    return with(element, [&]<Element e>() {
      return block.values() < two_set_values ? Dequantiser<T, e, 1>(block, from).run(to)
                                             : Dequantiser<T, e, 2>(block, from).run(to);
    });
  }
  static void squares(const Sampled& rows, std::uint32_t dim, Element element, float* to) {
    with(element, [&]<Element e>() { squares_of<T, e>(rows, dim, to); });
  }
  static void scale(const Sampled& rows, std::uint32_t dim, Element element, float* to) {
    with(element, [&]<Element e>() { scale_rows<T, e>(rows, dim, to); });
  }
  static void sums(const Sampled& rows, std::uint32_t head, const Head& of, std::uint32_t dim, Element element,
                   float* cosine_sums, float* sine_sums) {
    with(element, [&]<Element e>() { sum_rows<T, e>(rows, head, of, dim, cosine_sums, sine_sums); });
  }
  static void distances(const Sampled& rows, std::uint32_t head, const Head& of, std::uint32_t dim, Element element,
                        float* to) {
    with(element, [&]<Element e>() { sum_distances<T, e>(rows, head, of, dim, to); });
  }
  static void compare(const std::uint8_t* original, const std::uint8_t* decoded, std::uint64_t rows, std::uint32_t dim,
                      Element element, Loss& loss) {
    with(element, [&]<Element e>() { measure<T, e>(original, decoded, rows, dim, loss); });
  }

  static constexpr Kernels table{.target = T::target,
                                 .register_order = T::register_order,
                                 .scratch_bytes = Scratch<T>::bytes,
                                 .quantise = quantise,
                                 .code = code,
                                 .decode = decode,
                                 .squares = squares,
                                 .scale_rows = scale,
                                 .detection = &rotary::detection_loops<T>,
                                 .sum_rows = sums,
                                 .sum_distances = distances,
                                 .measure = compare};
};

}  // namespace cinch::quant
