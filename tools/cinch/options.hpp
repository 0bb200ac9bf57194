/// What the command line said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cinch/tensor.hpp"
#include "exit_status.hpp"

namespace cinch::tool {

struct Options {
  // -- Accepted before and after every command.
  std::optional<std::string> store;   ///< URL.
  std::optional<std::string> config;  ///< File.
  std::vector<std::string> codecs;    ///< Specs; `bench` and `demo` take several.
  std::vector<std::string> plugins;   ///< Directories, absolute.
  std::vector<std::string> rules;     ///< "GLOB=SPEC".
  bool json = false;
  bool quiet = false;

  // -- A command's own. Keys and prefixes are those of the store, no longer as they were typed.
  std::optional<std::string> key;
  std::vector<std::string> keys;
  std::string prefix;
  std::optional<std::string> file;
  std::string output = "-";
  std::optional<std::string> from;     ///< A key.
  std::optional<std::string> to;       ///< URL.
  std::uint64_t bytes_per_second = 0;  ///< 0: as fast as it goes.
  std::optional<Dtype> dtype;          ///< Of a value that is put.
  std::vector<std::uint64_t> shape;    ///< Of a value that is put; 0: as many as there are.
  TensorLayout layout;                 ///< Of tensors on their way in.
  bool lossy = false;
  bool again = false;
  bool long_list = false;
  bool shallow = false;
  bool present = false;
  bool why = false;
  unsigned threads = 1;
  double seconds = 2;

  ExitStatus (*command)(const Options&) = nullptr;
};

}  // namespace cinch::tool
