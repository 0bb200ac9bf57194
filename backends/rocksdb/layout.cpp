#include "backends/rocksdb/layout.hpp"

#include <rocksdb/db.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <memory>
#include <vector>

#include "backends/rocksdb/fingerprint.hpp"
#include "backends/rocksdb/rocksdb_status.hpp"
#include "backends/rocksdb/watermark.hpp"

namespace cinch {
namespace {

namespace fs = std::filesystem;

constexpr unsigned layout_version = 1;
constexpr std::string_view version_field = "version=";
constexpr std::string_view mode_field = " mode=";
constexpr std::string_view mode = "store";  // damage refuses to open

/// Files that remain if the process died while it made a new database, and those that file systems make.
bool is_of_new_database(std::string_view name) noexcept {
  return name == "LOCK" || name == "IDENTITY" || name == "lost+found" || name.starts_with("MANIFEST-") ||
         name.starts_with("OPTIONS-") || name.ends_with(".dbtmp");
}

/// Whether the directory holds a RocksDB database, cinch's or not. Errors: why there can be no database.
Result<bool> has_database(const fs::path& path) {
  std::error_code failed;
  const fs::file_status found = fs::status(path, failed);
  if (found.type() == fs::file_type::not_found) {
    if (fs::is_directory(path.parent_path(), failed)) return false;
    return Status(StatusCode::invalid_argument, "its parent is no directory, or does not exist");
  }
  if (failed) return Status(StatusCode::io_error, failed.message());
  if (!fs::is_directory(found)) return Status(StatusCode::invalid_argument, "is a file, expected a directory");
  if (fs::exists(path / "CURRENT", failed)) return true;
  if (failed) return Status(StatusCode::io_error, failed.message());
  for (fs::directory_iterator entry(path, failed); !failed && entry != fs::directory_iterator();
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    const fs::path extension = entry->path().extension();
    if (extension == ".sst" || extension == ".blob" || extension == ".log" || name == watermark_file) {
      return Status(StatusCode::corruption, "the file CURRENT is missing beside " + name +
                                                "; a new database would overwrite what is left of this one");
    }
    if (!is_of_new_database(name)) {
      return Status(StatusCode::invalid_argument,
                    "is a directory with other files, such as " + name + "; expected a database or an empty one");
    }
  }
  if (failed) return Status(StatusCode::io_error, failed.message());
  return false;
}

/// Judges a database whose column families are not cinch's: somebody else's, a later cinch's, or one whose creation was
/// interrupted and which is empty. Only the last succeeds.
Status check_other_families(const RocksDbOptions& options, const std::vector<std::string>& names) {
  RocksDbOptions looking = options;
  looking.read_only = true;
  const std::vector<rocksdb::ColumnFamilyDescriptor> families{{std::string(layout_family), {}}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(make_db_options(looking), options.path, families, &handles, &opened);
  const std::unique_ptr<rocksdb::DB> db(opened);
  if (!status.ok()) return from_rocksdb(status, "open read-only");
  const std::unique_ptr<rocksdb::ColumnFamilyHandle> handle(handles[0]);

  std::string record;
  status = db->Get({}, layout_key, &record);
  if (status.ok()) {
    if (Status known = check_layout_record(record); !known.ok()) return known;
    return {StatusCode::corruption, "column families are missing or too many"};
  }
  if (!status.IsNotFound()) return from_rocksdb(status, "reading the layout");
  const std::unique_ptr<rocksdb::Iterator> any(db->NewIterator(make_scan_options()));
  any->SeekToFirst();
  const bool has_others = std::ranges::any_of(names, [](const std::string& name) {
    return name != layout_family && name != meta_family && name != data_family;
  });
  if (any->Valid() || has_others) {
    return foreign_database("it has " + std::to_string(names.size()) + " column families, the last is \"" +
                            names.back() + "\"");
  }
  if (!any->status().ok()) return from_rocksdb(any->status(), "reading the layout");
  return options.read_only || !options.create ? no_database() : Status();
}

}  // namespace

Status check_directory(const RocksDbOptions& options) {
  const Result<bool> found = has_database(options.path);
  if (!found) return found.error();
  if (!*found) return options.read_only || !options.create ? no_database() : Status();
  if (Status status = manifest_of(options.path).status(); !status.ok()) return status;
  std::vector<std::string> names;
  const rocksdb::Status status = rocksdb::DB::ListColumnFamilies(make_db_options(options), options.path, &names);
  if (!status.ok()) return from_rocksdb(status, "listing column families");
  const bool is_ours = names.size() == 3 && std::ranges::find(names, meta_family) != names.end() &&
                       std::ranges::find(names, data_family) != names.end();
  return is_ours ? Status() : check_other_families(options, names);
}

std::string make_layout_record() {
  std::string record(version_field);
  return record.append(std::to_string(layout_version)).append(mode_field).append(mode);
}

Status check_layout_record(std::string_view record) {
  const Status unreadable(StatusCode::corruption, "the layout reads \"" + std::string(record) + "\", expected \"" +
                                                      make_layout_record() + "\"");
  std::string_view rest = record;
  if (!rest.starts_with(version_field)) return unreadable;
  rest.remove_prefix(version_field.size());
  unsigned version = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), version);
  if (error != std::errc()) return unreadable;
  if (version > layout_version) {
    return {StatusCode::incompatible, "its layout has version " + std::to_string(version) + ", expected at most " +
                                          std::to_string(layout_version) + "; it was written by a later cinch"};
  }
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  if (!rest.starts_with(mode_field)) return unreadable;
  rest.remove_prefix(mode_field.size());
  if (rest == mode) return {};
  return {StatusCode::incompatible,
          "its mode is \"" + std::string(rest) + "\", expected \"" + std::string(mode) + "\""};
}

Status no_database() {
  return {StatusCode::invalid_argument,
          "there is no database, and opening to read, or with create = false, makes none"};
}

Status foreign_database(std::string_view evidence) {
  return {StatusCode::invalid_argument, "is a RocksDB database that cinch did not make: " + std::string(evidence)};
}

}  // namespace cinch
