/// Fewer page faults for what is long.
#pragma once

#include <malloc.h>
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

/// Has all pages of malloc's `memory` alike again, before it grows: the kernel grows a mapping of two kinds of pages
/// only as a copy, which would take the memory twice.
inline void unify_pages(void* memory) noexcept {
  constexpr std::size_t page = 4096;
  const std::size_t bytes = malloc_usable_size(memory);
  if (bytes < 2 * huge_page) return;
  const std::size_t before = reinterpret_cast<std::uintptr_t>(memory) & (page - 1);
  const std::size_t whole_pages = (before + bytes + page - 1) & ~(page - 1);
  (void)madvise(static_cast<std::byte*>(memory) - before, whole_pages, MADV_HUGEPAGE);
}

}  // namespace cinch
