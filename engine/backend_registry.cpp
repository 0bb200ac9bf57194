#include "cinch/backend_registry.hpp"

#include "engine/names.hpp"

namespace cinch {
namespace {

Status registered_already(std::string_view name) {
  return {StatusCode::invalid_argument, "backend \"" + std::string(name) + "\" is registered already"};
}

}  // namespace

Status BackendRegistry::add(std::string name, BackendFactory factory, BackendInfo info) {
  if (!factory) return {StatusCode::invalid_argument, "backend \"" + name + "\" has no factory"};
  const auto [entry, added] = entries_.try_emplace(std::move(name), Entry{std::move(factory), std::move(info), {}});
  return added ? Status() : registered_already(entry->first);
}

Status BackendRegistry::add_unavailable(std::string name, std::string why_not) {
  const auto [entry, added] = entries_.try_emplace(std::move(name), Entry{{}, {}, std::move(why_not)});
  return added ? Status() : registered_already(entry->first);
}

Result<const BackendRegistry::Entry*> BackendRegistry::find(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    return Status(StatusCode::invalid_argument, unknown_name("backend", name, names()));
  }
  if (!found->second.factory) {
    return Status(StatusCode::unsupported, "backend \"" + found->first + "\": " + found->second.why_not);
  }
  return &found->second;
}

Result<std::shared_ptr<KvStore>> BackendRegistry::open(std::string_view name, const Settings& settings) const {
  const Result<const Entry*> entry = find(name);
  if (!entry) return entry.error();
  Result<std::shared_ptr<KvStore>> store = (*entry)->factory(settings);
  if (!store) return store.error().in(name);
  if (!*store) return Status(StatusCode::io_error, "backend \"" + std::string(name) + "\": its factory gave no store");
  return store;
}

Result<BackendInfo> BackendRegistry::info(std::string_view name) const {
  const Result<const Entry*> entry = find(name);
  if (!entry) return entry.error();
  return (*entry)->info;
}

std::vector<std::string_view> BackendRegistry::names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, entry] : entries_) {
    if (entry.factory) names.push_back(name);
  }
  return names;
}

}  // namespace cinch
