/// A buffer for a codec to write to, between canaries that show whether it wrote outside.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <utility>

#include "cinch/bytes.hpp"
#include "cinch/value.hpp"

namespace cinch {

/// A 64-aligned, uninitialised buffer; becomes a `Value` once it is filled. Throws `std::bad_alloc`.
class GuardedBuffer {
 public:
  explicit GuardedBuffer(std::size_t size);
  /// Allocates from `from`, which must outlive the buffer. Such a buffer must not become a `Value`.
  GuardedBuffer(std::size_t size, std::pmr::memory_resource& from);
  GuardedBuffer(GuardedBuffer&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
  GuardedBuffer& operator=(GuardedBuffer other) noexcept {
    std::swap(owner_, other.owner_);
    return *this;
  }
  ~GuardedBuffer();

  MutableBytes bytes() noexcept;

  /// False if something was written outside.
  bool is_intact() const noexcept;

  /// Gives the bytes to a `Value`; the buffer must not be used any more.
  Value to_value() && noexcept;

 private:
  class Owner;
  Owner* owner_;
};

}  // namespace cinch
