/// Fewer page faults for what is long.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace cinch {

inline constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Asks for huge pages where `bytes` bytes fill them whole; what lies before and behind stays in small ones, so that no
/// more memory is taken than is used. Where the kernel declines nothing is lost.
inline void advise_huge_pages(void* memory, std::size_t bytes) noexcept {
  if (bytes < 2 * huge_page) return;
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(memory) & (huge_page - 1);
  (void)madvise(static_cast<std::byte*>(memory) + before, (bytes - before) / huge_page * huge_page, MADV_HUGEPAGE);
}

}  // namespace cinch
