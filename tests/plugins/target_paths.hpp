// Which of tests/plugins/kernels this machine can call; not for their sources, each compiled for a target of its own.
#pragma once

#include <string>
#include <vector>

#include "plugins/simd/target.hpp"
#include "tests/plugins/kernels/target_path.hpp"

namespace cinch::test {

struct NamedPath {
  std::string name;
  const TargetPath* path;
};

/// Of the targets that this machine has.
inline std::vector<NamedPath> paths() {
  std::vector<NamedPath> out{{"scalar", &scalar_path()}};
#if defined(__x86_64__)
  if (simd::is_available(simd::Target::avx2)) out.push_back({"avx2", &avx2_path()});
  if (simd::is_available(simd::Target::avx512)) out.push_back({"avx512", &avx512_path()});
#endif
  return out;
}

}  // namespace cinch::test
