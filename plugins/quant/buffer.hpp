/// Memory that is used for one block after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace cinch::quant {

/// Only grows; aligned to 64 bytes, not initialised.
class Buffer {
 public:
  /// At least `bytes` bytes. Growing loses the contents.
  std::uint8_t* room(std::size_t bytes) {
    if (bytes > size_) {
      bytes_.reset();
      bytes_.reset(static_cast<std::uint8_t*>(::operator new(bytes, alignment)));
      size_ = bytes;
    }
    return bytes_.get();
  }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(std::uint8_t* bytes) const { ::operator delete(bytes, alignment); }
  };
  std::unique_ptr<std::uint8_t, Free> bytes_;
  std::size_t size_ = 0;
};

}  // namespace cinch::quant
