#include "engine/guarded_buffer.hpp"

#include <array>
#include <cstdint>
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
    std::size_t skipped = 0;
    std::byte* const memory = take(bytes, lender, skipped);
    auto* owner = new (memory + skipped) Owner(size, lender, static_cast<std::uint8_t>(skipped));
    std::memcpy(owner->data() - canary_bytes, canary.data(), canary_bytes);
    std::memcpy(owner->data() + size, canary.data(), canary_bytes);
    return owner;
  }

  std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this) + before; }
  const std::byte* data() const noexcept { return reinterpret_cast<const std::byte*>(this) + before; }
  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::size_t before = 2 * alignment;  // this object, and the canary that ends where the bytes start

  Owner(std::size_t size, std::pmr::memory_resource* lender, std::uint8_t skipped) noexcept
      : size_(size), lender_(lender), skipped_(skipped) {
    static_assert(sizeof(Owner) + canary_bytes <= before);
  }

  static bool is_small(std::size_t bytes) noexcept { return bytes + alignment <= max_small_bytes; }

  /// `skipped`: the number of bytes before the first aligned one.
  static std::byte* take(std::size_t bytes, std::pmr::memory_resource* lender, std::size_t& skipped) {
    if (lender) return static_cast<std::byte*>(lender->allocate(bytes, alignment));
    if (!is_small(bytes)) return static_cast<std::byte*>(take_buffer(bytes));
    auto* const memory = static_cast<std::byte*>(take_small(bytes + alignment));
    skipped = (alignment - reinterpret_cast<std::uintptr_t>(memory) % alignment) % alignment;
    return memory;
  }

  void destroy() noexcept override {
    const std::size_t bytes = before + size_ + canary_bytes;
    std::pmr::memory_resource* const lender = lender_;
    std::byte* const memory = reinterpret_cast<std::byte*>(this) - skipped_;
    this->~Owner();
    if (lender) return lender->deallocate(memory, bytes, alignment);
    is_small(bytes) ? give_small_back(memory, bytes + alignment) : give_buffer_back(memory, bytes);
  }

  std::size_t size_;
  std::pmr::memory_resource* lender_;  // null: the buffer pool or the thread's cache
  std::uint8_t skipped_;
};

GuardedBuffer::GuardedBuffer(std::size_t size) : owner_(Owner::create(size, nullptr)) {}
GuardedBuffer::GuardedBuffer(std::size_t size, std::pmr::memory_resource& from) : owner_(Owner::create(size, &from)) {}

GuardedBuffer::~GuardedBuffer() {
  if (owner_) owner_->unpin();
}

MutableBytes GuardedBuffer::bytes() noexcept { return {owner_->data(), owner_->size()}; }

bool GuardedBuffer::is_intact() const noexcept {
  return std::memcmp(owner_->data() - canary_bytes, canary.data(), canary_bytes) == 0 &&
         std::memcmp(owner_->data() + owner_->size(), canary.data(), canary_bytes) == 0;
}

Value GuardedBuffer::to_value() && noexcept {
  Owner* owner = std::exchange(owner_, nullptr);
  return Value::adopt({owner->data(), owner->size()}, owner);
}

}  // namespace cinch
