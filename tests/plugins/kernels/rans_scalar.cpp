#include "plugins/simd/scalar.hpp"
#include "tests/plugins/kernels/rans_kernels.hpp"

const cinch::test::RansPath& cinch::test::rans_scalar() { return RansKernels<simd::Scalar>::path; }
