#include "command_line.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "cinch/settings.hpp"
#include "command_app.hpp"
#include "help_text.hpp"
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
  return suggestion_for(name, views);
}

/// Names that commands have elsewhere.
constexpr std::pair<std::string_view, std::string_view> other_names[] = {
    {"add", "put"}, {"cat", "get"}, {"delete", "del"}, {"list", "ls"}, {"remove", "del"}, {"rm", "del"}, {"set", "put"},
};

std::string unknown_command(const std::string& name, const CLI::App& parent) {
  const std::vector<std::string> known = command_names(parent);
  std::string suggested = suggestion(name, known);
  for (const auto& [other, command] : other_names) {
    if (name == other && std::ranges::count(known, command) > 0) suggested = suggestion(std::string(command), known);
  }
  return "unknown command \"" + name + '"' + suggested;
}

/// The flag before `text` and what follows it, when a message of CLI11 reads so.
std::optional<std::pair<std::string, std::string>> around(const std::string& message, std::string_view text) {
  const std::size_t at = message.find(text);
  if (at == std::string::npos || !message.starts_with("-")) return std::nullopt;
  return std::pair(message.substr(0, at), message.substr(at + text.size()));
}

/// What CLI11 says, in our words where its own are about itself.
std::string plainly(const std::string& message) {
  constexpr std::string_view missing = " missing", disallowed = " was given a disallowed flag override";
  if (const auto flag = around(message, ": At Most 1 required but received ")) {
    return flag->first + ": expected one, given " + flag->second;
  }
  if (const auto flag = around(message, ": 1 required "); flag && flag->second.ends_with(missing)) {
    return flag->first + ": expected " + flag->second.substr(0, flag->second.size() - missing.size());
  }
  if (message.ends_with(disallowed)) {
    return "--" + message.substr(0, message.size() - disallowed.size()) + ": takes no value";
  }
  if (const auto flag = around(message, " excludes ")) return flag->first + " does not go with " + flag->second;
  return message;
}

/// What the user got wrong, in a line.
std::string explain(const CLI::App& top, const CLI::ParseError& error) {
  const std::vector<std::string> rest = top.remaining(true);
  const auto wrong = std::ranges::find_if(rest, [](const std::string& arg) { return !arg.starts_with("-"); });
  const CLI::App& last = typed_command(top);
  const std::string name = &last == &top ? "" : full_name(last) + ": ";
  if (!last.get_subcommands({}).empty() && wrong != rest.end()) {
    return unknown_command(*wrong, last);
  }
  if (!last.get_subcommands({}).empty() && rest.empty() && error.get_name() == "RequiredError") {
    return name + "a command is required";
  }
  if (!rest.empty() && rest.front().starts_with("-")) {
    return "unknown flag " + rest.front() + suggestion(rest.front(), flag_names(top, last));
  }
  if (!rest.empty()) return name + "unexpected argument \"" + rest.front() + '"';
  return name + plainly(error.what());
}

/// `cinch help COMMAND…`: what `cinch COMMAND… --help` prints.
ExitStatus print_help(CLI::App& top, std::span<const std::string_view> names) {
  CLI::App* app = &top;
  std::string before;  // of the command's name
  for (const std::string_view name : names) {
    const std::vector<CLI::App*> commands = app->get_subcommands({});
    const auto found = std::ranges::find_if(commands, [name](const CLI::App* command) {
      return command->get_name() == name && !command->get_group().empty();
    });
    if (found == commands.end()) {
      print_error(unknown_command(std::string(name), *app) + "; see cinch " +
                  (app == &top ? "" : full_name(*app) + ' ') + "--help");
      return ExitStatus::usage;
    }
    before += (before.empty() ? "" : " ") + app->get_name();
    app = *found;
  }
  return print(app->help(before));
}

/// The arguments that are not flags.
std::vector<std::string_view> words_of(std::span<const char* const> arguments) {
  std::vector<std::string_view> words(arguments.begin() + 1, arguments.end());
  std::erase_if(words, [](std::string_view word) { return word.starts_with('-'); });
  return words;
}

/// A flag with "=" and nothing behind it, for which CLI11 would take the next argument.
std::optional<std::string_view> flag_given_nothing(std::span<const char* const> arguments) {
  for (const std::string_view argument : arguments) {
    if (argument == "--") break;
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) return argument;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ExitStatus> parse_command_line(int argc, const char* const* argv, Options& options) {
  if (const auto flag = flag_given_nothing({argv, static_cast<std::size_t>(argc)})) {
    print_error(std::string(*flag) + ": expected something after the \"=\"");
    return ExitStatus::usage;
  }
  CommandApp command(options);
  CLI::App& app = command.app();
  const std::vector<std::string_view> words = words_of({argv, static_cast<std::size_t>(argc)});
  if (!words.empty() && words.front() == "help") return print_help(app, std::span(words).subspan(1));
  if (words.size() == 1 && words.front() == "version") return print("cinch " CINCH_VERSION "\n");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return print(app.help());
  } catch (const CLI::CallForVersion&) {
    return print("cinch " CINCH_VERSION "\n");
  } catch (const CLI::ParseError& error) {
    const CLI::App& typed = typed_command(app);
    print_error(explain(app, error) + "; see cinch " + (&typed == &app ? "" : full_name(typed) + ' ') + "--help");
    return ExitStatus::usage;
  }
  const Status status = command.finish();
  return status.ok() ? std::nullopt : std::optional(fail(status));
}

}  // namespace cinch::tool
