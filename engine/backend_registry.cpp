#include "cinch/backend_registry.hpp"

namespace cinch {

Status BackendRegistry::add(std::string name, BackendFactory factory, BackendInfo info) {
  if (!factory) return {StatusCode::invalid_argument, "backend \"" + name + "\" has no factory"};
  const auto [entry, added] = entries_.try_emplace(std::move(name), Entry{std::move(factory), std::move(info), {}});
  if (added) return {};
  return {StatusCode::invalid_argument, "backend \"" + entry->first + "\" is registered already"};
}

Status BackendRegistry::add_unavailable(std::string name, std::string why_not) {
  const auto [entry, added] = entries_.try_emplace(std::move(name), Entry{{}, {}, std::move(why_not)});
  if (added) return {};
  return {StatusCode::invalid_argument, "backend \"" + entry->first + "\" is registered already"};
}

Result<const BackendRegistry::Entry*> BackendRegistry::find(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    std::string message = "unknown backend \"" + std::string(name) + "\"";
    const std::vector<std::string_view> known = names();
    message += "; known:";
    for (const std::string_view one : known) message.append(one == known.front() ? " " : ", ").append(one);
    message.append(suggestion_for(name, known));
    return Status(StatusCode::invalid_argument, std::move(message));
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
