/// Runs the built program `cinch` as its users do, and says how it ended.
#pragma once

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/files.hpp"
#include "tests/support/temp_dir.hpp"

namespace cinch::test {

using Json = nlohmann::json;
using Args = std::vector<std::string>;

struct Outcome {
  int status = -1;  ///< The exit status; 128 + signal when a signal ended it.
  std::string out;
  std::string err;

  /// The one JSON document that standard output is; a failure of the test, and null, when it is not.
  Json json() const;
};

struct RunOptions {
  std::string in;                ///< Standard input.
  std::string directory;         ///< To run in; empty: the test's own.
  Args environment;              ///< "NAME=VALUE", besides the test's own.
  std::string program;           ///< Empty: the built one.
  int output = -1;               ///< A descriptor for standard output; -1: it is kept in `Outcome::out`.
  bool closes_standard = false;  ///< Without any standard stream.
};

/// Where the built program is.
std::string cinch_program();

inline const std::string codecs_dir = CINCH_BUILD_DIR "/tests/plugins/codecs";  ///< Plugins that work.
inline const std::string liars_dir = CINCH_BUILD_DIR "/tests/plugins/liars";    ///< Plugins that break the contract.
inline const std::string sample_path = CINCH_SOURCE_DIR "/tools/data/kv-sample.safetensors";

/// A value that ends in zeros, which the codecs of `codecs_dir` shorten.
inline const std::string value_with_zeros = "value" + std::string(1000, '\0');

/// A config for the RocksDB store at `path`; `more` continues its section [store].
std::string config_for(const std::string& path, const std::string& more = {});

/// Runs to the end. Variables of the test's environment that `cinch` reads are not handed on.
Outcome run_cinch(const Args& arguments, const RunOptions& options = {});

/// The names of an object's fields, sorted.
std::vector<std::string> field_names(const Json& object);

/// Ended with that status, nothing on standard output, and one line on standard error that has `text` in it.
void expect_error(const Outcome& run, int status, const std::string& text);

/// A test with a fresh directory, in which the program runs, and a RocksDB store below it.
class CliTest : public ::testing::Test {
 protected:
  /// `cinch --store URL ARGUMENTS…`
  Outcome cinch(Args arguments, std::string in = {}) const;

  /// `cinch ARGUMENTS…`
  Outcome bare(const Args& arguments, std::string in = {}) const;

  /// `cinch ARGUMENTS…`, with SIGINT after that time unless it has ended.
  Outcome interrupted_after(double seconds, const Args& arguments) const;

  /// Writes "c.toml" in the test's directory: `config_for` the test's store.
  void write_config(const std::string& more = {}) const;

  /// Puts a value, which must succeed.
  void put(const std::string& key, const std::string& value, const Args& flags = {}) const;

  /// Flips one bit of what the database holds for a key: of its first byte (0), its last (1), or one between.
  void damage(const std::string& key, double where = 1) const;

  TempDir dir;
  std::string store = dir.file("store");
  std::string url = "rocksdb:" + store;
};

}  // namespace cinch::test
