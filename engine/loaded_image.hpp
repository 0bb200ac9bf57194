/// Objects that the dynamic loader has mapped.
#pragma once

#include <dlfcn.h>
#include <link.h>

namespace cinch {

/// The loaded object that contains an address; null when none does.
inline const link_map* image_of(const void* address) noexcept {
  Dl_info info{};
  link_map* image = nullptr;
  if (dladdr1(address, &info, reinterpret_cast<void**>(&image), RTLD_DL_LINKMAP) == 0) return nullptr;
  return image;
}

}  // namespace cinch
