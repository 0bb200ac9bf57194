#include "plugins/simd/avx2.hpp"

#ifdef __AVX2__
#include "plugins/tensor/kernel_table.hpp"

namespace cinch::tensor {
const Kernels avx2_kernels = kernels_of<simd::Avx2>();
}
#endif
