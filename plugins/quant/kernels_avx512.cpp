#include "plugins/simd/avx512.hpp"

#ifdef __AVX512VBMI2__
#include "plugins/quant/kernel_table.hpp"

namespace cinch::quant {

const Kernels avx512_kernels = KernelTable<simd::Avx512>::table;

}  // namespace cinch::quant
#endif
