#include "files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include "interrupt.hpp"
#include "output.hpp"
#include "system_error.hpp"

namespace cinch::tool {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{256} * 1024;
constexpr std::size_t write_bytes = std::size_t{4} << 20;  // after which an interrupt is heeded

mode_t current_umask() {
  const mode_t mask = umask(0);
  umask(mask);
  return mask;
}

/// Where a link leads; nothing if the path is no link.
std::optional<std::filesystem::path> next_of_link(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::path next = std::filesystem::read_symlink(path, failed);
  if (failed) return std::nullopt;
  return path.parent_path() / next;
}

}  // namespace

std::filesystem::path end_of_links(std::filesystem::path path) {
  while (auto next = next_of_link(path)) path = std::move(*next);
  return path;
}

Result<std::uint64_t> bytes_below(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::uint64_t bytes = 0;
  for (fs::recursive_directory_iterator entry(directory, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (entry->is_regular_file(failed)) bytes += entry->file_size(failed);
  }
  if (failed) return io_error(directory, failed);
  return bytes;
}

Descriptor::~Descriptor() {
  if (number_ > STDERR_FILENO) ::close(number_);
}

Result<std::string> absolute_path(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failed);
  if (failed) return Status(StatusCode::io_error, path + ": the working directory: " + failed.message());
  return absolute.string();
}

Result<InputFile> InputFile::open(const std::string& path) {
  InputFile file;
  file.path_ = path;
  // A pipe that nobody writes to is not waited for.
  file.descriptor_ = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.descriptor_.number() < 0) return io_error(path + ": cannot be opened");
  struct stat info {};
  if (fstat(file.descriptor_.number(), &info) != 0) return io_error(path + ": cannot be examined");
  if (!S_ISREG(info.st_mode)) return Status(StatusCode::io_error, path + ": is not a regular file");
  file.size_ = static_cast<std::uint64_t>(info.st_size);
  file.mode_ = info.st_mode & 0777;
  return file;
}

Status InputFile::read_at(std::uint64_t offset, MutableBytes to) const {
  while (!to.empty()) {
    const ssize_t got = pread(descriptor_.number(), to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(path_ + ": cannot be read");
    if (got == 0) return {StatusCode::io_error, path_ + ": ended early; somebody made it shorter meanwhile"};
    offset += static_cast<std::uint64_t>(got);
    to = to.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Result<std::string> read_all(const std::string& path, std::uint64_t max_bytes) {
  const bool standard = path == "-";
  const std::string name = standard ? "standard input" : path;
  const Descriptor descriptor(standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.number() < 0) return io_error(name + ": cannot be opened");
  const auto too_large = [&](const std::string& bytes) {
    return Status(StatusCode::too_large,
                  name + ": value of " + bytes + " bytes, expected at most " + std::to_string(max_bytes));
  };
  std::string content;
  struct stat info {};
  if (fstat(descriptor.number(), &info) == 0 && S_ISREG(info.st_mode)) {
    const off_t begin = std::max<off_t>(lseek(descriptor.number(), 0, SEEK_CUR), 0);
    const auto bytes = static_cast<std::uint64_t>(std::max<off_t>(info.st_size - begin, 0));
    if (bytes > max_bytes) return too_large(std::to_string(bytes));
    content.reserve(static_cast<std::size_t>(bytes));
  }
  std::array<char, chunk_bytes> chunk;
  for (;;) {
    const ssize_t got = ::read(descriptor.number(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(name + ": cannot be read");
    if (got == 0) return content;
    if (static_cast<std::uint64_t>(got) > max_bytes - content.size()) {
      return too_large("more than " + std::to_string(max_bytes));
    }
    content.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

std::string output_path(const std::string& path) {
  constexpr int max_links = 40;  // as the kernel follows
  std::optional<std::filesystem::path> at = path;
  for (int i = 0; i < max_links && at; ++i) {
    if (*at == "/proc/self/fd/1" || *at == "/dev/fd/1") return "-";
    at = next_of_link(*at);
  }
  return path;
}

Result<OutputFile> OutputFile::create(const std::string& path) {
  OutputFile file;
  file.path_ = path;
  if (path == "-") {
    file.path_ = "standard output";
    file.descriptor_ = Descriptor(STDOUT_FILENO);
    return file;
  }
  struct stat info {};
  const bool exists = stat(path.c_str(), &info) == 0;
  if (!exists && errno != ENOENT) return io_error(path + ": cannot be created");
  if (exists && S_ISDIR(info.st_mode)) return Status(StatusCode::io_error, path + ": is a directory");
  if (exists && !S_ISREG(info.st_mode)) {
    file.descriptor_ = Descriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file.descriptor_.number() < 0) return io_error(path + ": cannot be opened");
    return file;
  }
  std::error_code failed;
  const std::filesystem::path target = exists ? std::filesystem::canonical(path, failed) : end_of_links(path);
  if (!failed) file.path_ = target.string();  // where a link leads, lest the link be replaced
  note_interrupts();                          // one that came later would leave what is unfinished behind
  // Its length is its own: the file's may be the longest that the file system takes.
  file.temporary_ = std::filesystem::path(file.path_).parent_path() / ".cinch-XXXXXX";
  file.descriptor_ = Descriptor(mkostemp(file.temporary_.data(), O_CLOEXEC));
  if (file.descriptor_.number() < 0) {
    file.temporary_.clear();
    return io_error(path + ": cannot be created");
  }
  const mode_t mode = exists ? info.st_mode & 07777 : 0666 & ~current_umask();
  if (fchmod(file.descriptor_.number(), mode) != 0) return io_error(path + ": its mode cannot be set");
  return file;
}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status OutputFile::write(ByteView bytes) {
  if (temporary_.empty()) return write_all(descriptor_.number(), bytes, path_);
  while (!bytes.empty()) {
    if (interrupted()) return {StatusCode::cancelled, "interrupted; " + path_ + " was not written"};
    const ByteView part = bytes.first(std::min(bytes.size(), write_bytes));
    bytes = bytes.subspan(part.size());
    if (Status status = write_all(descriptor_.number(), part, path_); !status.ok()) return status;
  }
  return {};
}

Status OutputFile::commit() {
  const int number = descriptor_.release();
  if (number > STDERR_FILENO && ::close(number) != 0) return io_error(path_ + ": cannot be written");
  if (temporary_.empty()) return {};
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return io_error(path_ + ": cannot be replaced");
  temporary_.clear();
  return {};
}

}  // namespace cinch::tool
