#include "command_checks.hpp"

#include <algorithm>
#include <charconv>

#include "cinch/keys.hpp"
#include "cinch/settings.hpp"
#include "cinch/store_support.hpp"
#include "commands.hpp"
#include "help_text.hpp"

namespace cinch::tool {

Status check_files_have_names(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    const std::string what = option->get_positional() ? option->get_name(true) : argument_name(*option);
    const bool is_file = what == "FILE" || what == "DIR" || what == "OUT";
    if (!is_file || std::ranges::count(option->results(), "") == 0) continue;
    std::string message = option->get_positional() ? "" : "--" + option->get_lnames().front() + ": ";
    message.append("expected ").append(what).append(", given \"\"");
    return {StatusCode::invalid_argument, std::move(message)};
  }
  return {};
}

Status check_codecs_and_store(const Options& options, const std::string& command) {
  const bool measures = options.command == run_bench || options.command == run_demo;
  if (options.codecs.size() > 1 && !measures) {
    return {StatusCode::invalid_argument, "--codec: expected one, given " + std::to_string(options.codecs.size())};
  }
  const bool checks_config = options.command == check_config_file;
  if (options.store && (measures || checks_config)) {
    return {StatusCode::invalid_argument, command + ": does not take --store"};
  }
  if (options.config && checks_config) {
    return {StatusCode::invalid_argument, command + ": takes FILE instead of --config"};
  }
  return {};
}

Status check_recompress(const Options& options, const std::string& command) {
  if (options.command == recompress_values && options.codecs.empty() && options.rules.empty() && !options.config) {
    return {StatusCode::invalid_argument, command + ": --codec is required, or --rule, or --config"};
  }
  if (options.again && !options.lossy) return {StatusCode::invalid_argument, command + ": --again needs --lossy"};
  return {};
}

Status check_removal(const Options& options, bool has_prefix) {
  if (!options.keys.empty() || !options.prefix.empty()) return {};
  return {StatusCode::invalid_argument,
          has_prefix ? "del: --prefix is empty, which would remove every key" : "del: KEY or --prefix is required"};
}

Status check_tensor_flags(const Options& options) {
  const bool describes = !options.shape.empty() || !options.layout.empty();
  if (options.command == put_value && describes && !options.dtype) {
    return {StatusCode::invalid_argument, "put: --shape, --token-axis and --head-dim need --dtype beside them"};
  }
  if (options.shape.size() > max_tensor_dims || std::ranges::count(options.shape, 0u) > 1) {
    return {StatusCode::invalid_argument,
            "--shape: expected at most " + std::to_string(max_tensor_dims) + " dimensions, of which one may be 0"};
  }
  return {};
}

Result<std::vector<std::uint64_t>> parse_shape(std::string_view text) {
  std::vector<std::uint64_t> shape;
  for (std::string_view rest = text;;) {
    const std::string_view dimension = rest.substr(0, rest.find(','));
    std::uint64_t& count = shape.emplace_back();
    const auto [end, error] = std::from_chars(dimension.data(), dimension.data() + dimension.size(), count);
    if (error != std::errc() || end != dimension.data() + dimension.size()) {
      return Status(StatusCode::invalid_argument,
                    "--shape: \"" + std::string(dimension) +
                        "\", expected a number of elements in decimal, or 0 for what is there");
    }
    if (dimension.size() == rest.size()) return shape;
    rest.remove_prefix(dimension.size() + 1);
  }
}

Result<Dtype> parse_dtype_flag(const std::string& text) {
  if (const std::optional<Dtype> dtype = parse_dtype(text)) return *dtype;
  return Status(
      StatusCode::invalid_argument,
      "--dtype: \"" + text + "\", expected bf16, f16, f32, f64, f8_e4m3, f8_e5m2, bool, or i or u and 8, 16, 32 or 64");
}

Result<std::uint64_t> parse_rate(const std::string& text) {
  const Result<std::uint64_t> rate = parse_size(text);
  if (rate && *rate != 0) return *rate;
  return Status(StatusCode::invalid_argument, "--rate: \"" + text + "\", expected bytes a second such as 50MiB");
}

Status unescape_keys(Options& options, const std::string& command) {
  std::vector<std::string*> texts = {&options.prefix};
  if (options.key) texts.push_back(&*options.key);
  if (options.from) texts.push_back(&*options.from);
  for (std::string& key : options.keys) texts.push_back(&key);
  for (std::string* text : texts) {
    Result<std::string> key = unescape_key(*text);
    Status status = key ? check_key(*key) : key.error().in('"' + *text + '"');
    if (!status.ok()) return status;
    *text = std::move(*key);
  }
  if (options.from && !options.from->starts_with(options.prefix)) {
    return {StatusCode::invalid_argument, command + ": --from: " + describe_key(*options.from) +
                                              " is not one of the keys that start with \"" +
                                              escape_key(options.prefix) + '"'};
  }
  return {};
}

}  // namespace cinch::tool
