#include "bench_pairs.hpp"

#include <algorithm>
#include <vector>

namespace cinch::tool {
namespace {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

PairedRates measure_in_turns(int pairs, const std::function<double()>& own, const std::function<double()>& other) {
  std::vector<double> own_rates;
  std::vector<double> other_rates;
  std::vector<double> shares;
  for (int i = 0; i < pairs; ++i) {
    if (i % 2 == 0) own_rates.push_back(own());
    other_rates.push_back(other());
    if (i % 2 != 0) own_rates.push_back(own());
    shares.push_back(other_rates.back() > 0 ? own_rates.back() / other_rates.back() : 0);
  }
  std::ranges::sort(shares);
  return {median(own_rates), median(other_rates), median(shares), shares[1], shares[shares.size() - 2]};
}

}  // namespace cinch::tool
