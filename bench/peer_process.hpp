/// A peer in another language: a program that does a unit of work for each line it is sent.
#pragma once

#include <boost/process.hpp>
#include <string>
#include <vector>

namespace cinch::bench {

/// Started, it checks its own answers and says "ready", with figures behind it; from then on it answers each line with
/// "done". A line costs some ten microseconds, which is nothing beside the milliseconds of work that it asks for.
class PeerProcess {
 public:
  /// Waits for "ready". Throws std::runtime_error where the program says something else or cannot be started.
  PeerProcess(const std::string& program, const std::vector<std::string>& arguments);
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;
  ~PeerProcess();

  /// What it said behind "ready".
  const std::string& figures() const noexcept { return figures_; }

  /// Has it do its work once. Throws std::runtime_error.
  void run(const std::string& line);

 private:
  std::string answer();

  std::string program_;
  boost::process::opstream to_;
  boost::process::ipstream from_;
  boost::process::child child_;
  std::string figures_;
};

}  // namespace cinch::bench
