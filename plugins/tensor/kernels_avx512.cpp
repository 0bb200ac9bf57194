#include "plugins/simd/avx512.hpp"

#ifdef __AVX512VBMI2__
#include "plugins/tensor/kernel_table.hpp"

namespace cinch::tensor {
const Kernels avx512_kernels = kernels_of<simd::Avx512>();
}
#endif
