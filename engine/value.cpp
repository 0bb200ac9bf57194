#include "cinch/value.hpp"

namespace cinch {
namespace {

template <class Container>
class ContainerOwner final : public ValueOwner {
 public:
  explicit ContainerOwner(Container container) noexcept : container_(std::move(container)) {}
  ByteView bytes() const noexcept { return std::as_bytes(std::span(container_)); }
  std::size_t held_bytes() const noexcept override { return container_.capacity(); }

 private:
  Container container_;
};

template <class Container>
Value own_container(Container container) {
  if (container.empty()) return {};
  auto* owner = new ContainerOwner<Container>(std::move(container));
  return Value::adopt(owner->bytes(), owner);
}

}  // namespace

ValueOwner::~ValueOwner() = default;

Value Value::copy_of(ByteView bytes) { return own(std::vector<std::byte>(bytes.begin(), bytes.end())); }
Value Value::own(std::vector<std::byte> bytes) { return own_container(std::move(bytes)); }
Value Value::own(std::string text) { return own_container(std::move(text)); }

}  // namespace cinch
