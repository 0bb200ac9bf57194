/// Files that commands read and write. Errors are `io_error` and name the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "cinch/bytes.hpp"
#include "cinch/status.hpp"

namespace cinch::tool {

/// A file descriptor that is closed once.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int number() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// A regular file with random access.
class InputFile {
 public:
  static Result<InputFile> open(const std::string& path);

  const std::string& path() const noexcept { return path_; }
  std::uint64_t size() const noexcept { return size_; }
  unsigned mode() const noexcept { return mode_; }  ///< Who may read and write it.
  Status read_at(std::uint64_t offset, MutableBytes to) const;

 private:
  Descriptor descriptor_;
  std::uint64_t size_ = 0;
  unsigned mode_ = 0;
  std::string path_;
};

/// The end of a chain of links, which need not exist; of a path that is no link, the path. Requires: no ring of links.
std::filesystem::path end_of_links(std::filesystem::path path);

/// Fails for a relative path if the working directory is gone.
Result<std::string> absolute_path(const std::string& path);

/// Total length of the files in a directory and below.
Result<std::uint64_t> bytes_below(const std::string& directory);

/// The whole content of a file or pipe, or, for "-", of standard input, to be used as a value. Errors: `too_large` when
/// it is longer than `max_bytes`; the rest is not read.
Result<std::string> read_all(const std::string& path, std::uint64_t max_bytes);

/// "-" for a path that is standard output, such as /dev/stdout; else the path.
std::string output_path(const std::string& path);

/// A file that appears whole or not at all; of a link, the file that it leads to. It is written to a temporary file
/// beside it, ".cinch-" and some letters, which `commit` renames. Interrupts meanwhile are noted (interrupt.hpp), and
/// `write` then answers `cancelled`. "-" is standard output; devices and pipes are written in place.
class OutputFile {
 public:
  static Result<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&&) noexcept = default;
  ~OutputFile();  ///< Without `commit`, nothing is left.

  Status write(ByteView bytes);
  Status commit();

 private:
  OutputFile() = default;

  Descriptor descriptor_;
  std::string path_;
  std::string temporary_;  // empty: written in place
};

}  // namespace cinch::tool
