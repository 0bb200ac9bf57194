#include "command_line.hpp"

#include <algorithm>

#include "cinch/settings.hpp"
#include "command_app.hpp"
#include "output.hpp"

namespace cinch::tool {
namespace {

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> flag_names(const CLI::App& top, const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* app : std::initializer_list<const CLI::App*>{&top, &command}) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::string suggestion(const std::string& name, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string_view near = nearest_name(name, views);
  return near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?";
}

/// What the user got wrong, in a line.
std::string explain(const CLI::App& top, const CLI::ParseError& error) {
  const std::vector<std::string> rest = top.remaining(true);
  const auto wrong = std::ranges::find_if(rest, [](const std::string& arg) { return !arg.starts_with("-"); });
  const CLI::App* last = &top;
  while (!last->get_subcommands().empty()) last = last->get_subcommands().front();
  if (!last->get_subcommands({}).empty() && wrong != rest.end()) {
    return "unknown command \"" + *wrong + '"' + suggestion(*wrong, command_names(*last));
  }
  if (!last->get_subcommands({}).empty() && rest.empty() && error.get_name() == "RequiredError") {
    return std::string(last == &top ? "a command" : last->get_name() + ": a command") + " is required";
  }
  if (!rest.empty() && rest.front().starts_with("-")) {
    return "unknown flag " + rest.front() + suggestion(rest.front(), flag_names(top, *last));
  }
  return (last == &top ? "" : last->get_name() + ": ") + error.what();
}

}  // namespace

std::optional<ExitStatus> parse_command_line(int argc, const char* const* argv, Options& options) {
  CommandApp command(options);
  CLI::App& app = command.app();
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return print(app.help());
  } catch (const CLI::CallForVersion&) {
    return print("cinch " CINCH_VERSION "\n");
  } catch (const CLI::ParseError& error) {
    print_error(explain(app, error) + "; see cinch --help");
    return ExitStatus::usage;
  }
  const Status status = command.finish();
  return status.ok() ? std::nullopt : std::optional(fail(status));
}

}  // namespace cinch::tool
