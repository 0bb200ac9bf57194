#include "backends/rocksdb/fingerprint.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <vector>

namespace cinch {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view manifest_prefix = "MANIFEST-";

Status unreadable(const fs::path& file) { return {StatusCode::io_error, file.string() + ": cannot be read"}; }

Result<std::uint64_t> hash_of_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path);
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  if (!state) throw std::bad_alloc();
  XXH3_64bits_reset(state.get());
  std::vector<char> buffer(std::size_t{256} << 10);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0) {
    XXH3_64bits_update(state.get(), buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) return unreadable(path);
  return XXH3_64bits_digest(state.get());
}

/// The older log has the smaller number.
bool is_older(const std::string& a, const std::string& b) {
  const std::size_t a_digits = a.find('.');
  const std::size_t b_digits = b.find('.');
  return a_digits != b_digits ? a_digits < b_digits : a < b;
}

Result<std::vector<std::string>> list_logs(const fs::path& directory) {
  std::vector<std::string> logs;
  std::error_code failed;
  for (fs::directory_iterator entry(directory, failed); !failed && entry != fs::directory_iterator();
       entry.increment(failed)) {
    if (entry->path().extension() != ".log") continue;
    std::error_code gone;
    const std::uintmax_t size = entry->file_size(gone);
    if (!gone && size > 0) logs.push_back(entry->path().filename().string() + " " + std::to_string(size) + "\n");
  }
  if (failed) return Status(StatusCode::io_error, directory.string() + ": " + failed.message());
  std::ranges::sort(logs, is_older);
  return logs;
}

}  // namespace

Result<std::string> manifest_of(const std::string& directory) {
  const fs::path current = fs::path(directory) / "CURRENT";
  std::ifstream file(current);
  if (!file) return unreadable(current);
  std::string name;
  std::getline(file, name);
  if (!name.starts_with(manifest_prefix)) {
    return Status(StatusCode::corruption, current.string() + ": reads \"" + name + "\", expected MANIFEST-NUMBER");
  }
  std::error_code failed;
  if (fs::exists(fs::path(directory) / name, failed) || failed) return name;
  return Status(StatusCode::corruption, current.string() + ": names " + name + ", which is not there");
}

void remove_empty_logs(rocksdb::Env& env, const std::string& directory) {
  std::vector<std::string> names;
  if (!env.GetChildren(directory, &names).ok()) return;
  for (const std::string& name : names) {
    const std::string path = fs::path(directory) / name;
    std::uint64_t size = 0;
    if (name.ends_with(".log") && env.GetFileSize(path, &size).ok() && size == 0) {
      env.DeleteFile(path).PermitUncheckedError();
    }
  }
}

bool DirectoryState::contains(const Fingerprint& fingerprint) const {
  return manifest_hash == fingerprint.manifest_hash &&
         std::ranges::find(logs_hashes, fingerprint.logs_hash) != logs_hashes.end();
}

Result<DirectoryState> read_directory_state(const std::string& directory) {
  const Result<std::string> name = manifest_of(directory);
  if (!name) return name.error();
  DirectoryState found;
  std::from_chars(name->data() + manifest_prefix.size(), name->data() + name->size(), found.manifest_number);
  const Result<std::uint64_t> manifest = hash_of_file(fs::path(directory) / *name);
  if (!manifest) return manifest.error();
  const Result<std::vector<std::string>> logs = list_logs(directory);
  if (!logs) return logs.error();
  found.manifest_hash = *manifest;
  std::string oldest;
  found.logs_hashes.push_back(XXH3_64bits(oldest.data(), oldest.size()));
  for (const std::string& log : *logs) {
    oldest += log;
    found.logs_hashes.push_back(XXH3_64bits(oldest.data(), oldest.size()));
  }
  return found;
}

}  // namespace cinch
