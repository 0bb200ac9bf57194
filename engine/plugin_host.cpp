#include "engine/plugin_host.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "cinch/log.hpp"

namespace cinch {
namespace {

void host_log(void* context, std::int32_t level, std::int32_t, const char* message, std::size_t size) noexcept {
  constexpr LogLevel levels[] = {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error};
  constexpr std::size_t max_message = 4096;
  try {
    const auto* plugin_id = static_cast<const std::string*>(context);
    const std::string_view text(message, message ? strnlen(message, std::min(size, max_message)) : 0);
    log(levels[std::clamp(level, CINCH_LOG_DEBUG, CINCH_LOG_ERROR)], "plugin " + *plugin_id + ": " + printable(text));
  } catch (const std::bad_alloc&) {  // the message is lost
  }
}

void* host_alloc(void*, std::size_t size, std::size_t align) noexcept {
  constexpr std::size_t max_bytes = PTRDIFF_MAX;  // beyond that operator new's own arithmetic wraps around
  if (!std::has_single_bit(align) || align > max_bytes || size > max_bytes - align) return nullptr;
  return ::operator new (size, std::align_val_t{align}, std::nothrow);
}

void host_free(void*, void* memory, std::size_t, std::size_t align) noexcept {
  if (memory) ::operator delete (memory, std::align_val_t{align});
}

std::int32_t host_cancelled(void*) noexcept { return 0; }

const void* host_extension(void*, const char*) noexcept { return nullptr; }

}  // namespace

cinch_host_v1 make_host(std::string& plugin_id) {
  cinch_host_v1 host{};
  host.struct_size = sizeof host;
  host.abi_minor = CINCH_ABI_MINOR;
  host.ctx = &plugin_id;
  host.name = "cinch";
  host.version = CINCH_VERSION;
  host.log = host_log;
  host.alloc = host_alloc;
  host.free = host_free;
  host.cancelled = host_cancelled;
  host.get_extension = host_extension;
  return host;
}

}  // namespace cinch
