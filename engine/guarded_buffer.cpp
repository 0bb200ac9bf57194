#include "engine/guarded_buffer.hpp"

#include <array>
#include <cstring>
#include <new>

#include "cinch/buffer_pool.hpp"

namespace cinch {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t canary_bytes = 64;

constexpr auto canary = [] {
  std::array<std::byte, canary_bytes> bytes{};
  for (std::size_t i = 0; i < canary_bytes; ++i) bytes[i] = static_cast<std::byte>(0xa5 ^ (i * 37));
  return bytes;
}();

}  // namespace

/// One allocation: this object, a canary, the bytes, a canary.
class GuardedBuffer::Owner final : public ValueOwner {
 public:
  static Owner* create(std::size_t size, std::pmr::memory_resource* lender) {
    if (size > SIZE_MAX - before - canary_bytes) throw std::bad_alloc();
    const std::size_t bytes = before + size + canary_bytes;
    auto* owner = new (lender ? lender->allocate(bytes, alignment) : take_buffer(bytes)) Owner(size, lender);
    std::memcpy(owner->data() - canary_bytes, canary.data(), canary_bytes);
    std::memcpy(owner->data() + size, canary.data(), canary_bytes);
    return owner;
  }

  std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this) + before; }
  const std::byte* data() const noexcept { return reinterpret_cast<const std::byte*>(this) + before; }
  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::size_t before = 2 * alignment;  // this object, and the canary that ends where the bytes start

  Owner(std::size_t size, std::pmr::memory_resource* lender) noexcept : size_(size), lender_(lender) {
    static_assert(sizeof(Owner) + canary_bytes <= before);
  }

  void destroy() noexcept override {
    const std::size_t bytes = before + size_ + canary_bytes;
    std::pmr::memory_resource* const lender = lender_;
    this->~Owner();
    lender ? lender->deallocate(this, bytes, alignment) : give_buffer_back(this, bytes);
  }

  std::size_t size_;
  std::pmr::memory_resource* lender_;  // null: the pool of buffers
};

GuardedBuffer::GuardedBuffer(std::size_t size) : owner_(Owner::create(size, nullptr)) {}
GuardedBuffer::GuardedBuffer(std::size_t size, std::pmr::memory_resource& from) : owner_(Owner::create(size, &from)) {}

GuardedBuffer::~GuardedBuffer() {
  if (owner_) owner_->unpin();
}

MutableBytes GuardedBuffer::bytes() noexcept { return {owner_->data(), owner_->size()}; }

std::size_t GuardedBuffer::size() const noexcept { return owner_->size(); }

bool GuardedBuffer::is_intact() const noexcept {
  return std::memcmp(owner_->data() - canary_bytes, canary.data(), canary_bytes) == 0 &&
         std::memcmp(owner_->data() + owner_->size(), canary.data(), canary_bytes) == 0;
}

Value GuardedBuffer::to_value() && noexcept {
  Owner* owner = std::exchange(owner_, nullptr);
  return Value::adopt({owner->data(), owner->size()}, owner);
}

}  // namespace cinch
