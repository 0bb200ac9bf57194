/// Transparent huge pages for large buffers, to save page faults.
#pragma once

#include <malloc.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace cinch {

inline constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Asks for huge pages where the `bytes` bytes fill them completely. The ends stay in small pages, so that no more
/// memory is taken than is used. The kernel may decline; that does no harm.
inline void advise_huge_pages(void* memory, std::size_t bytes) noexcept {
  if (bytes < 2 * huge_page) return;
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(memory) & (huge_page - 1);
  (void)madvise(static_cast<std::byte*>(memory) + before, (bytes - before) / huge_page * huge_page, MADV_HUGEPAGE);
}

/// Gives all pages of malloc's `memory` the same advice again, before it grows: the kernel can grow a mapping of mixed
/// advice only by copying it, which would take twice the memory.
inline void unify_pages(void* memory) noexcept {
  constexpr std::size_t page = 4096;
  const std::size_t bytes = malloc_usable_size(memory);
  if (bytes < 2 * huge_page) return;
  const std::size_t before = reinterpret_cast<std::uintptr_t>(memory) & (page - 1);
  const std::size_t whole_pages = (before + bytes + page - 1) & ~(page - 1);
  (void)madvise(static_cast<std::byte*>(memory) - before, whole_pages, MADV_HUGEPAGE);
}

}  // namespace cinch
