#include "engine/packed_frame.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "engine/huge_pages.hpp"

namespace cinch {

/// Placed at the start of the memory once a value owns it.
class PackedFrame::Owner final : public ValueOwner {
 public:
  explicit Owner(std::size_t bytes) noexcept : bytes_(bytes) {}
  std::size_t held_bytes() const noexcept override { return bytes_; }

 private:
  void destroy() noexcept override {
    this->~Owner();
    std::free(static_cast<void*>(this));
  }

  const std::size_t bytes_;
};

PackedFrame::~PackedFrame() { std::free(memory_); }

std::size_t PackedFrame::start() const noexcept { return memory_ ? sizeof(Owner) + head_room_ : 0; }

bool PackedFrame::resize(std::size_t blocks_capacity) noexcept {
  if (memory_ && blocks_capacity > capacity_) unify_pages(memory_);
  void* const memory = std::realloc(memory_, sizeof(Owner) + head_room_ + blocks_capacity);
  if (!memory) return false;
  memory_ = static_cast<std::byte*>(memory);
  capacity_ = blocks_capacity;
  return true;
}

void PackedFrame::append(ByteView block, std::uint64_t done, std::uint64_t total) {
  if (block.size() > capacity_ - used_) {
    const std::size_t needed = used_ + block.size();
    const double share = static_cast<double>(done) / static_cast<double>(total);
    const double expected = static_cast<double>(needed) / share, spread = (1 - share) / 8;
    if (!resize(std::max(needed, static_cast<std::size_t>(expected * (1 + spread))))) throw std::bad_alloc();
    advise_huge_pages(memory_, static_cast<std::size_t>(expected * (1 - spread)));
  }
  if (!block.empty()) std::memcpy(memory_ + start() + used_, block.data(), block.size());
  used_ += block.size();
}

void PackedFrame::shrink() noexcept {
  if (memory_ && used_ < capacity_) (void)resize(used_);
}

Value PackedFrame::take_with_head(ByteView head) noexcept {
  if (!memory_ || head.size() > head_room_) return {};
  std::byte* const frame = memory_ + start() - head.size();
  std::memcpy(frame, head.data(), head.size());
  auto* const owner = new (memory_) Owner(start() + capacity_);
  memory_ = nullptr;
  return Value::adopt({frame, head.size() + used_}, owner);
}

}  // namespace cinch
