#include "plugins/simd/avx2.hpp"

#ifdef __AVX2__
#include "plugins/quant/kernel_table.hpp"

namespace cinch::quant {

const Kernels avx2_kernels = KernelTable<simd::Avx2>::table;

}  // namespace cinch::quant
#endif
