#include "import_summary.hpp"

#include <algorithm>

#include "output.hpp"

namespace cinch::tool {
namespace {

void count(ImportSummary::Part& part, const FrameInfo& info) {
  ++part.tensors;
  part.raw_bytes += info.decoded_bytes;
  part.stored_bytes += info.stored_bytes;
  part.loss.add(info);
}

}  // namespace

bool fell_back(const SetChoice& choice, const FrameInfo& info) {
  const std::string& stored = info.format.name;  // "raw" also where a long spec of the codec's would not pay
  return choice.is_fallback || (stored != choice.codec->format().name && stored != "raw");
}

void ImportSummary::add(const SetChoice& choice, const FrameInfo& info) {
  count(total_, info);
  Part part;
  if (choice.rule) part.rule = choice.rule->match;
  part.is_fallback = fell_back(choice, info);
  part.codec = (part.is_fallback && !choice.is_fallback ? info.format : choice.codec->format()).spec();
  auto same = std::ranges::find_if(parts_, [&](const Part& other) {
    return other.rule == part.rule && other.codec == part.codec && other.is_fallback == part.is_fallback;
  });
  if (same == parts_.end()) same = parts_.insert(same, std::move(part));
  count(*same, info);
}

bool ImportSummary::has_news() const {
  return parts_.size() > 1 || total_.loss.report().has_value() || std::ranges::any_of(parts_, &Part::is_fallback);
}

std::string ImportSummary::table() const {
  std::vector<std::string> headings = {"rule", "codec", ">tensors", ">raw", ">stored", ">ratio"};
  headings.insert(headings.end(), loss_headings.begin(), loss_headings.end());
  Table table(headings);
  for (const Part& part : parts_) {
    std::vector<std::string> row = {
        part.rule.empty() ? "-" : part.rule, part.codec + (part.is_fallback ? " (fallback)" : ""),
        std::to_string(part.tensors),        human_size(part.raw_bytes),
        human_size(part.stored_bytes),       fixed(ratio_of(part.raw_bytes, part.stored_bytes), 2)};
    for (std::string& cell : loss_cells(part.loss.report())) row.push_back(std::move(cell));
    table.row(std::move(row));
  }
  return table.text();
}

void ImportSummary::write(JsonWriter& json) const {
  json.name("rules").begin_array();
  for (const Part& part : parts_) {
    json.begin_object().name("rule");
    part.rule.empty() ? json.null() : json.value(part.rule);
    json.field("codec", part.codec).field("fallback", part.is_fallback).field("tensors", part.tensors);
    json.field("raw_bytes", part.raw_bytes).field("stored_bytes", part.stored_bytes);
    json.field("ratio", ratio_of(part.raw_bytes, part.stored_bytes));
    write_loss(json, part.loss.report());
    json.end_object();
  }
  json.end_array();
}

}  // namespace cinch::tool
