/// Makes the table of kernels of a target; for the sources that are compiled for one.
#pragma once

#include "plugins/tensor/decode_tile.hpp"
#include "plugins/tensor/encode_tile.hpp"
#include "plugins/tensor/rotation_kernel.hpp"
#include "plugins/tensor/sample_loops.hpp"

namespace cinch::tensor {
namespace {

template <class T>
constexpr Kernels kernels_of() {
  return {.target = T::target,
          .encode = {encode_tile<T, Layout::bf16>, encode_tile<T, Layout::f16>, encode_tile<T, Layout::f32>,
                     encode_tile<T, Layout::e4m3>, encode_tile<T, Layout::e5m2>},
          .decode = {decode_tile<T, Layout::bf16>, decode_tile<T, Layout::f16>, decode_tile<T, Layout::f32>,
                     decode_tile<T, Layout::e4m3>, decode_tile<T, Layout::e5m2>},
          .waves = waves<T>,
          .turn = turn<T>,
          .predict = predict<T>,
          .sample = sample_loops,
          .detection = &rotary::detection_loops<T>};
}

}  // namespace
}  // namespace cinch::tensor
