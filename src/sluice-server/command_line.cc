// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/command_line.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/password.h"
#include "base/time.h"
#include "config/emit.h"
#include "sluice-server/process.h"

namespace sluice::server_program {
namespace {

// What the command line and the environment said.
struct Given {
  std::string config_file;
  Options options;
  std::string drain_timeout;
  std::string retire_timeout;
  bool version = false;
  bool print_config = false;
  bool hash_password = false;
  bool signal_upgrade = false;
};

Error in_file(const std::string& path, Error error) {
  error.message = path + ": " + error.message;
  return error;
}

Result<Options> read_file(const std::string& path) {
  if (path.empty()) return Options{};
  const std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, "--config-file " + path + " cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  const auto document = config::parse_document(text.str());
  if (!document) return std::unexpected(in_file(path, document.error()));
  config::Faults faults;
  Options options = config::decode<Options>(*document, "", faults);
  if (!faults.empty()) return std::unexpected(in_file(path, faults.to_error()));
  return options;
}

// Over what the file says goes what was given.
void overlay(Options& options, const Given& given, const CLI::App& app) {
  const auto was_given = [&](const char* flag) { return app.get_option(flag)->count() > 0; };
  const Options& from = given.options;
  if (was_given("--name")) options.name = from.name;
  if (was_given("--api-addr")) options.api_addr = from.api_addr;
  if (was_given("--home-dir")) options.home_dir = from.home_dir;
  if (was_given("--data-dir")) options.data_dir = from.data_dir;
  if (was_given("--log-dir")) options.log_dir = from.log_dir;
  if (was_given("--initial-object-config-files"))
    options.initial_object_config_files = from.initial_object_config_files;
  if (was_given("--debug")) options.debug = from.debug;
  if (was_given("--disable-access-log")) options.disable_access_log = from.disable_access_log;
  if (was_given("--durability")) options.durability = from.durability;
  if (was_given("--require-store")) options.require_store = from.require_store;
  if (was_given("--accept-older-store")) options.accept_older_store = from.accept_older_store;
  if (was_given("--memory-budget")) options.memory_budget = from.memory_budget;
  if (was_given("--workers")) options.workers = from.workers;
  if (was_given("--max-guests")) options.max_guests = from.max_guests;
  if (was_given("--drain-timeout")) options.drain_timeout = *parse_duration(given.drain_timeout);
  if (was_given("--retire-timeout")) options.retire_timeout = *parse_duration(given.retire_timeout);
  if (was_given("--tls")) options.tls = from.tls;
  if (was_given("--cert-file")) options.cert_file = from.cert_file;
  if (was_given("--key-file")) options.key_file = from.key_file;
  if (was_given("--client-ca-file")) options.client_ca_file = from.client_ca_file;
}

std::string is_duration(const std::string& text) {
  return parse_duration(text) ? "" : "\"" + text + "\" is no duration: try 30s or 10m";
}

void declare(CLI::App& app, Given& given) {
  Options& o = given.options;
  app.add_flag("-v,--version", given.version, "print the version and exit");
  app.add_flag("-c,--print-config", given.print_config,
               "print the configuration in force and exit");
  app.add_option("-f,--config-file", given.config_file,
                 "YAML file with these options, without the dashes")
      ->envname("EG_CONFIG_FILE");
  app.add_option("--name", o.name, "name of this member")
      ->envname("EG_NAME")
      ->capture_default_str();
  app.add_option("--api-addr", o.api_addr,
                 "address of the admin API; what is not loopback needs TLS and credentials")
      ->envname("EG_API_ADDR")
      ->capture_default_str();
  app.add_option("--home-dir", o.home_dir, "folder that the other folders are relative to")
      ->envname("EG_HOME_DIR")
      ->capture_default_str();
  app.add_option("--data-dir", o.data_dir, "folder of the objects and the shared data")
      ->envname("EG_DATA_DIR")
      ->capture_default_str();
  app.add_option("--log-dir", o.log_dir, "folder of the logs; empty: standard error and output")
      ->envname("EG_LOG_DIR")
      ->capture_default_str();
  app.add_option("--initial-object-config-files", o.initial_object_config_files,
                 "YAML files of objects to create if their names are free")
      ->envname("EG_INITIAL_OBJECT_CONFIG_FILES")
      ->delimiter(',');
  app.add_flag("--debug", o.debug, "log more")->envname("EG_DEBUG");
  app.add_flag("--disable-access-log", o.disable_access_log, "do not write the access log")
      ->envname("EG_DISABLE_ACCESS_LOG");
  app.add_option("--durability", o.durability,
                 "what shared data outlives before anybody is told: disk (a power cut), or process "
                 "(kill -9, not a power cut)")
      ->envname("EG_DURABILITY")
      ->check(CLI::IsMember({"disk", "process"}))
      ->capture_default_str();
  app.add_flag("--require-store", o.require_store,
               "do not start with an empty data-dir, as of a disk that is not mounted")
      ->envname("EG_REQUIRE_STORE");
  app.add_flag("--accept-older-store", o.accept_older_store,
               "start with less shared data than was told, once, after a loss")
      ->envname("EG_ACCEPT_OLDER_STORE");
  app.add_option("--memory-budget", o.memory_budget,
                 "what connections, requests and caches may hold together, as 512MiB; empty: half "
                 "of the memory that the process may have")
      ->envname("EG_MEMORY_BUDGET");
  app.add_option("--workers", o.workers, "event loops; 0: one per processor")
      ->envname("EG_WORKERS")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_option("--max-guests", o.max_guests,
                 "guests of all WasmHost filters together (the sum of their maxConcurrency)")
      ->envname("EG_MAX_GUESTS")
      ->check(CLI::Range(1U, wasm::kGuestsMaxHighest))
      ->capture_default_str();
  app.add_option("--drain-timeout", given.drain_timeout,
                 "how long requests in flight may take when the server is stopped")
      ->envname("EG_DRAIN_TIMEOUT")
      ->check(is_duration)
      ->default_str(format_duration(o.drain_timeout));
  app.add_option("--retire-timeout", given.retire_timeout,
                 "how long connections may go on in the old process after a hot restart")
      ->envname("EG_RETIRE_TIMEOUT")
      ->check(is_duration)
      ->default_str(format_duration(o.retire_timeout));
  app.add_flag("--tls", o.tls, "the admin API speaks TLS; needs --cert-file and --key-file")
      ->envname("EG_TLS");
  app.add_option("--cert-file", o.cert_file, "its certificate with the chain, PEM")
      ->envname("EG_CERT_FILE");
  app.add_option("--key-file", o.key_file, "the key of that, PEM without a passphrase")
      ->envname("EG_KEY_FILE");
  app.add_option("--client-ca-file", o.client_ca_file,
                 "PEM bundle: callers of the admin API must show a certificate of one of these")
      ->envname("EG_CLIENT_CA_FILE");
  app.add_flag("--signal-upgrade", given.signal_upgrade,
               "tell the server of this --home-dir to hand over to a new process, and exit");
  app.add_flag("--hash-password", given.hash_password,
               "read a password from standard input, print what basic-auth takes, and exit");
}

// What is given, over the file that it names.
Result<Options> options_of(const Given& given, const CLI::App& app) {
  SLUICE_TRY(Options options, read_file(given.config_file));
  overlay(options, given, app);
  // Flags obey the same rules as the file.
  config::Faults faults;
  if (auto document = config::parse_document(config::encode(options).dump())) {
    (void)config::decode<Options>(*document, "", faults);
  }
  if (!faults.empty()) return std::unexpected(faults.to_error());
  return options;
}

constexpr const char* kAbout =
    "sluice-server: a traffic gateway with WebAssembly in the path of every request";

int hash_password_of_input() {
  std::string password;
  std::getline(std::cin, password);
  if (password.empty()) {
    std::fprintf(stderr, "sluice-server: --hash-password reads the password from standard input\n");
    return 1;
  }
  const auto hash = hash_password(password);
  if (hash) std::printf("%s\n", hash->c_str());
  return hash ? 0 : 1;
}

int signal_upgrade(const Options& options) {
  const std::string path = options.path_of("sluice.pid");
  const pid_t pid = read_pid(path);
  if (pid > 0 && waits_for(pid, SIGUSR2) && ::kill(pid, SIGUSR2) == 0) return 0;
  std::fprintf(stderr, "sluice-server: no server runs that %s names\n", path.c_str());
  return 1;
}

CommandLine leave(int code) { return {.options = {}, .exit = true, .exit_code = code}; }

CommandLine refuse(const Error& error) {
  std::fprintf(stderr, "sluice-server: %s\n", error.message.c_str());
  if (error.details.size() > 1) {
    for (const auto& line : error.details) std::fprintf(stderr, "  %s\n", line.c_str());
  }
  return leave(1);
}

}  // namespace

Result<Options> read_options(const std::vector<std::string>& arguments) {
  CLI::App app(kAbout, "sluice-server");
  Given given;
  declare(app, given);
  std::vector<const char*> words;
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  try {
    app.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ParseError& error) {
    return fail(ErrorKind::invalid, error.what());
  }
  return options_of(given, app);
}

CommandLine parse_command_line(int argc, char** argv) {
  CLI::App app(kAbout, "sluice-server");
  Given given;
  declare(app, given);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return leave(code == 0 ? 0 : 1);
  }
  if (given.version) {
    std::printf("sluice-server %s\n", SLUICE_VERSION);
    return leave(0);
  }
  if (given.hash_password) return leave(hash_password_of_input());
  auto options = options_of(given, app);
  if (!options) return refuse(options.error());
  if (given.signal_upgrade) return leave(signal_upgrade(*options));
  if (given.print_config) {
    std::printf("%s", config::emit_yaml(without_secrets(*options)).c_str());
    return leave(0);
  }
  return {.options = *std::move(options)};
}

}  // namespace sluice::server_program
