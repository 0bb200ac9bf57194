#include "plugins/simd/scalar.hpp"
#include "tests/plugins/kernels/target_kernels.hpp"

const cinch::test::TargetPath& cinch::test::scalar_path() { return TargetKernels<simd::Scalar>::path; }
