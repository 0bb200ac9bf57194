/// Values that a command walking a store could not read. Each is reported and left untouched; the walk continues.
#pragma once

#include <string>
#include <vector>

#include "cinch/status.hpp"
#include "exit_status.hpp"
#include "json_writer.hpp"

namespace cinch::tool {

class Unread {
 public:
  /// Prints and notes a failure of one value. False, and nothing is done, for one that ends the whole work, such as a
  /// full disk.
  bool note(const Status& status, const std::string& key);

  /// Notes one that failed, without a line of its own.
  void add_failed(const std::string& key);

  /// Fields "corrupt", "codec_missing" and "failed", each a list of keys as they are shown.
  void write(JsonWriter& json) const;

  /// Keys of damaged values, of those whose codec is missing, and of those that failed for another reason.
  const std::vector<std::string>& corrupt() const noexcept { return corrupt_; }
  const std::vector<std::string>& codec_missing() const noexcept { return codec_missing_; }
  const std::vector<std::string>& failed() const noexcept { return failed_; }

  ExitStatus exit() const noexcept;

 private:
  std::vector<std::string> corrupt_;
  std::vector<std::string> codec_missing_;
  std::vector<std::string> failed_;
};

}  // namespace cinch::tool
