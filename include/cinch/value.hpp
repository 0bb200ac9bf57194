/// `Value`: a cheap handle on immutable bytes that a store handed out.
///
/// What: it pins the bytes it shows and whatever owns them: a memory store's entry, a page of a database's cache, a
/// decoded buffer. Threads: like a `std::shared_ptr`: copies may be used on any thread, one object by one thread at a
/// time. Ownership: views taken from it are valid as long as any copy of it lives, also after the key was overwritten,
/// removed or evicted and after the store was closed. Pinned bytes count as memory in use.
/// Errors: none. Units: bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cinch/bytes.hpp"
#include "cinch/export.hpp"

namespace cinch {

/// Base of whatever keeps a `Value`'s bytes alive: a reference count, and what is known since the bytes were verified
/// (`Verify::first_read`). Starts with one reference.
class CINCH_API ValueOwner {
 public:
  ValueOwner() noexcept = default;
  ValueOwner(const ValueOwner&) = delete;
  ValueOwner& operator=(const ValueOwner&) = delete;

  void pin() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void unpin() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  /// True while more than one reference is held.
  bool is_shared() const noexcept { return references_.load(std::memory_order_acquire) > 1; }

  /// True for a resident entry: the next `get` of the key finds the same bytes behind the same owner, so that it is
  /// worth remembering that they were verified. False for buffers made for one call.
  virtual bool is_resident() const noexcept { return false; }

  /// Remembers that all of the resident bytes were verified, and the offset from which they are the value as it was
  /// set, up to their end; 0: they are not, being encoded or in several pieces.
  void set_verified(std::uint32_t raw_start) noexcept { verified_.store(raw_start + 1, std::memory_order_release); }
  bool is_verified() const noexcept { return verified_.load(std::memory_order_acquire) != 0; }

  /// The argument of `set_verified`; 0 before it was called.
  std::uint32_t raw_start() const noexcept {
    const std::uint32_t verified = verified_.load(std::memory_order_acquire);
    return verified == 0 ? 0 : verified - 1;
  }

  /// The memory that only this owner keeps: what a store that keeps the value itself is charged for. 0: not known, or
  /// shared with others; such a value is copied.
  virtual std::size_t held_bytes() const noexcept { return 0; }

 protected:
  virtual ~ValueOwner();

 private:
  /// Called when the last reference is gone; overridden where the memory is not freed by `delete this`.
  virtual void destroy() noexcept { delete this; }

  std::atomic<std::uint32_t> references_{1};
  std::atomic<std::uint32_t> verified_{0};  // 0: not yet; else a raw start, plus one
};

/// Deleter for a `std::unique_ptr` that holds one reference.
struct Unpin {
  void operator()(ValueOwner* owner) const noexcept { owner->unpin(); }
};

class Value {
 public:
  /// The empty value.
  Value() noexcept = default;

  /// Takes over one reference to `owner`, which keeps `bytes` alive. For stores, to hand out what they hold.
  static Value adopt(ByteView bytes, ValueOwner* owner) noexcept { return Value(bytes, owner); }

  CINCH_API static Value copy_of(ByteView bytes);

  /// Moves a buffer in. From 4 KiB on, a bare memory store that is set to this value keeps the buffer itself; a
  /// `CompressedKvStore` encodes it, or copies it behind its header.
  CINCH_API static Value own(std::vector<std::byte> bytes);
  CINCH_API static Value own(std::string text);

  Value(const Value& other) noexcept : bytes_(other.bytes_), owner_(other.owner_), is_part_(other.is_part_) {
    if (owner_) owner_->pin();
  }
  Value(Value&& other) noexcept
      : bytes_(std::exchange(other.bytes_, {})),
        owner_(std::exchange(other.owner_, nullptr)),
        is_part_(std::exchange(other.is_part_, false)) {}
  Value& operator=(Value other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(owner_, other.owner_);
    std::swap(is_part_, other.is_part_);
    return *this;
  }
  ~Value() {
    if (owner_) owner_->unpin();
  }

  ByteView bytes() const noexcept { return bytes_; }
  const std::byte* data() const noexcept { return bytes_.data(); }
  std::size_t size() const noexcept { return bytes_.size(); }
  bool empty() const noexcept { return bytes_.empty(); }
  std::string_view text() const noexcept { return as_text(bytes_); }

  /// A part of the same bytes behind the same owner. Requires: `offset + count <= size()`.
  Value part(std::size_t offset, std::size_t count) const& noexcept { return Value(*this).part(offset, count); }
  Value part(std::size_t offset, std::size_t count) && noexcept {
    bytes_ = bytes_.subspan(offset, count);
    is_part_ = true;
    return std::move(*this);
  }

  /// What keeps the bytes alive; null for the empty value.
  ValueOwner* owner() const noexcept { return owner_; }

  /// True for the result of `part`: what the owner says holds for all the bytes that were adopted with it, not for
  /// these.
  bool is_part() const noexcept { return is_part_; }

 private:
  Value(ByteView bytes, ValueOwner* owner) noexcept : bytes_(bytes), owner_(owner) {}

  ByteView bytes_;
  ValueOwner* owner_ = nullptr;
  bool is_part_ = false;
};

inline ValueParts::ValueParts(const Value& value) noexcept : whole_(value.bytes()), value_(&value) {}

}  // namespace cinch
