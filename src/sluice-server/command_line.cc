// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "base/password.h"
#include "config/emit.h"
#include "config/faults.h"
#include "sluice-server/easegress_options.h"
#include "sluice-server/flags.h"
#include "sluice-server/outcome_file.h"
#include "sluice-server/process.h"
#include "sluice-server/sample_config.h"
#include "sluice-server/say.h"

namespace sluice::server_program {
namespace {

// The options on the command line, and its other flags.
struct Given {
  explicit Given(CLI::App& app);
  std::string config_file;
  bool version = false;
  bool print_config = false;
  bool sample_config = false;
  bool check = false;
  bool hash_password = false;
  bool signal_upgrade = false;
  bool signal_reload = false;
  bool wait = false;
  std::string wait_timeout = "6m";  // more than a hot restart may take
  std::optional<Flags> flags;
};

Error in_file(const std::string& path, Error error) {
  error.message = path + ": " + error.message;
  return error;
}

// The options of a file. What contradicts is found once flags and variables are over them.
struct FileOptions {
  Options options;
  void fields(auto& visit) { options.fields(visit); }
};

// `notes` gets what the user should know of the file.
Result<Options> options_in_file(const std::string& path, std::vector<std::string>& notes) {
  if (path.empty()) return Options{};
  const auto text = read_file(path, config::ParseLimits().bytes_max, FileKind::any);
  if (!text) return fail(ErrorKind::not_found, "--config-file " + text.error().message);
  auto document = config::parse_document(*text);
  if (!document) return std::unexpected(in_file(path, document.error()));
  config::Faults faults;
  for (const std::string& note : take_easegress_options(*document, faults))
    notes.push_back(path + ": " + note);
  FileOptions read = config::decode<FileOptions>(*document, "", faults);
  if (!faults.empty()) return std::unexpected(in_file(path, faults.to_error()));
  return std::move(read.options);
}

// The order is that of --help.
Given::Given(CLI::App& app) {
  app.add_flag("-v,--version", version, "print the version and exit");
  app.add_flag("-c,--print-config", print_config, "print the configuration in force and exit");
  app.add_flag("--sample-config", sample_config,
               "print a configuration file with every option and its default, and exit");
  app.add_flag("--check", check,
               "check the configuration and the initial objects as a start would, and exit");
  app.add_option("-f,--config-file", config_file,
                 "YAML file with these options, without the dashes")
      ->envname(variable_of("config-file"));
  flags.emplace(app);
  app.add_flag("--signal-upgrade", signal_upgrade,
               "tell the server of this --home-dir to hand over to a new process, and exit");
  app.add_flag("--signal-reload", signal_reload,
               "tell the server of this --home-dir to read its configuration file again, and exit");
  app.add_flag(
      "--wait", wait,
      "with --signal-upgrade and --signal-reload: until it is over. Exit code 1: it failed, "
      "and the reason is printed");
  app.add_option("--wait-timeout", wait_timeout, "for --wait; default: 6m")->type_name("DURATION");
  app.add_flag("--hash-password", hash_password,
               "read a password from standard input, print what basic-auth takes, and exit");
}

// The given options, over the file that they name.
Result<Options> options_of(const Given& given, std::vector<std::string>& notes) {
  SLUICE_TRY(const Options file, options_in_file(given.config_file, notes));
  return given.flags->over(file);
}

constexpr const char* kAbout =
    "sluice-server: a traffic gateway with WebAssembly in the path of every request";

int hash_password_of_input() {
  std::string password;
  std::getline(std::cin, password);
  if (password.empty()) {
    say("sluice-server: --hash-password reads the password from standard input");
    return 1;
  }
  const auto hash = hash_password(password);
  if (hash) std::printf("%s\n", hash->c_str());
  return hash ? 0 : 1;
}

// A signal to the running server.
struct Order {
  int signal;
  std::string_view outcome;  // the file
  const char* what;
};

constexpr Order kUpgrade{SIGUSR2, kUpgradeOutcome, "hand over"};
constexpr Order kReload{SIGHUP, kReloadOutcome, "read its configuration again"};

// Where the log is; "" if a daemon has it.
std::string place_of_log(const Options& options) {
  const bool in_a_file = options.log_output == "file" && !options.log_dir.empty();
  return in_a_file ? ": " + options.path_of(options.log_dir) + "/stdout.log" : std::string();
}

int send_order(const Order& order, const Options& options, std::optional<Duration> patience) {
  const std::string path = options.path_of("sluice.pid");
  const pid_t pid = read_pid(path);
  const std::string before = read_outcome(options, order.outcome);
  if (pid <= 0 || !waits_for(pid, order.signal) || ::kill(pid, order.signal) != 0) {
    say("sluice-server: no server runs that " + path + " names");
    return 1;
  }
  const std::string log = place_of_log(options);
  if (!patience) {
    std::printf("asked process %d to %s; its log says how it ends%s\n", pid, order.what,
                log.c_str());
    return 0;
  }
  const auto outcome = await_outcome(options, order.outcome, before, pid, *patience);
  if (outcome) {
    std::printf("%s\n", outcome->c_str());
    return 0;
  }
  say_error(outcome.error().message, {"its log says more" + log});
  return 1;
}

// How long to wait for the outcome of an order; nullopt: not at all.
Result<std::optional<Duration>> patience_of(const Given& given) {
  if (!given.wait) return std::nullopt;
  if (!given.signal_upgrade && !given.signal_reload)
    return fail(ErrorKind::invalid, "--wait goes with --signal-upgrade or --signal-reload");
  const auto patience = parse_duration(given.wait_timeout);
  if (patience && *patience >= Duration::zero()) return patience;
  return fail(ErrorKind::invalid, "--wait-timeout: " + config::quote(given.wait_timeout) +
                                      " is not a duration, such as 2m");
}

std::string nearest_flag(const CLI::App& app, const std::string& name) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) names.push_back(option->get_name());
  std::string text = config::suggestion(name, {names.begin(), names.end()});
  std::erase(text, '"');
  return text.empty() ? "" : ";" + text.substr(1);
}

// A line for each argument that is not known, in the order of the command line. A word behind an
// unknown option may be its value, so it has none.
std::vector<std::string> unknown_arguments(const CLI::App& app, int argc, const char* const* argv) {
  const std::vector<std::string> left = app.remaining();
  std::vector<std::string> lines;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (std::ranges::find(left, word) == left.end()) continue;
    const std::string name = word.substr(0, word.find('='));
    if (!word.starts_with('-')) {
      if (lines.empty()) lines.push_back(word + ": is no option");
      continue;
    }
    const std::string_view advice = advice_for_flag(word);
    lines.push_back(name + ": unknown option" +
                    (advice.empty() ? nearest_flag(app, name) : "; " + std::string(advice)));
  }
  if (lines.empty()) lines.emplace_back("an argument is not known");
  return lines;
}

CommandLine leave(int code) { return {.options = {}, .exit = true, .exit_code = code}; }

CommandLine leave_with(const Error& error) {
  const bool has_more = error.details.size() > 1;
  say_error(error.message, has_more ? error.details : std::vector<std::string>());
  return leave(1);
}

}  // namespace

Result<Options> read_options(const std::vector<std::string>& arguments) {
  CLI::App app(kAbout, "sluice-server");
  Given given(app);
  std::vector<const char*> words;
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  try {
    app.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ExtrasError&) {
    auto lines = unknown_arguments(app, static_cast<int>(words.size()), words.data());
    std::string first = lines.front();
    return fail(ErrorKind::invalid, std::move(first), std::move(lines));
  } catch (const CLI::ParseError& error) {
    return fail(ErrorKind::invalid, error.what());
  }
  std::vector<std::string> notes;
  return options_of(given, notes);
}

CommandLine parse_command_line(int argc, char** argv) {
  CLI::App app(kAbout, "sluice-server");
  Given given(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    for (const std::string& line : unknown_arguments(app, argc, argv))
      say("sluice-server: " + line);
    say("Run with --help for more information.");
    return leave(1);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return leave(code == 0 ? 0 : 1);
  }
  if (given.version) {
    std::printf("sluice-server %s\n", SLUICE_VERSION);
    return leave(0);
  }
  if (given.sample_config) {
    std::printf("%s", server_program::sample_config().c_str());
    return leave(0);
  }
  if (given.hash_password) return leave(hash_password_of_input());
  std::vector<std::string> notes;
  auto options = options_of(given, notes);
  for (const std::string& note : notes) say("sluice-server: " + note);
  if (!options) return leave_with(options.error());
  const auto patience = patience_of(given);
  if (!patience) return leave_with(patience.error());
  if (given.signal_upgrade) return leave(send_order(kUpgrade, *options, *patience));
  if (given.signal_reload) return leave(send_order(kReload, *options, *patience));
  if (given.print_config) {
    std::printf("%s", config::emit_yaml(without_secrets(*options)).c_str());
    return leave(0);
  }
  return {.options = *std::move(options), .check = given.check};
}

}  // namespace sluice::server_program
