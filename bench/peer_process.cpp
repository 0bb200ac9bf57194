#include "bench/peer_process.hpp"

#include <algorithm>
#include <stdexcept>

namespace cinch::bench {

PeerProcess::PeerProcess(const std::string& program, const std::vector<std::string>& arguments)
    : program_(program),
      child_(program, boost::process::args(arguments), boost::process::std_in<to_, boost::process::std_out> from_) {
  const std::string first = answer();
  if (!first.starts_with("ready")) throw std::runtime_error(program_ + " is not ready: " + first);
  figures_ = first.substr(std::min<std::size_t>(first.size(), 6));
}

PeerProcess::~PeerProcess() {
  to_.pipe().close();  // the end of its lines ends it
  std::error_code ignored;
  child_.wait(ignored);
}

void PeerProcess::run(const std::string& line) {
  to_ << line << std::endl;
  if (const std::string said = answer(); said != "done") throw std::runtime_error(program_ + ": " + line + ": " + said);
}

std::string PeerProcess::answer() {
  std::string line;
  if (!std::getline(from_, line)) throw std::runtime_error(program_ + " ended before it answered");
  return line;
}

}  // namespace cinch::bench
