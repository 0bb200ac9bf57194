#include "plugins/quant/kernel_table.hpp"
#include "plugins/simd/scalar.hpp"

namespace cinch::quant {

const Kernels scalar_kernels = KernelTable<simd::Scalar>::table;

}  // namespace cinch::quant
