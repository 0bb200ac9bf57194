#include "plugins/simd/scalar.hpp"
#include "plugins/tensor/kernel_table.hpp"

namespace cinch::tensor {
const Kernels scalar_kernels = kernels_of<simd::Scalar>();
}
