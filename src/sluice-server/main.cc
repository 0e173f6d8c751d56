// SPDX-License-Identifier: Apache-2.0
// sluice-server. Reads as the table of contents of the process: what there is, in the order in
// which it is built, and how it ends.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "admin/admin.h"
#include "base/log.h"
#include "control/controller.h"
#include "filters/all.h"
#include "observe/access_log.h"
#include "server/workers.h"
#include "sluice-server/initial_objects.h"
#include "sluice-server/options.h"
#include "sluice-server/process.h"
#include "store/store.h"
#include "wasm/engine.h"

namespace sluice::server_program {
namespace {

constexpr std::chrono::seconds kDrainPatience{30};

// SIGHUP reopens the logs and reads the admin API's certificate again; SIGTERM and SIGINT return.
void wait_for_the_end(const Signals& signals, const Logger& logger, observe::AccessLog* access_log,
                      admin::Api& api) {
  while (signals.wait() == SIGHUP) {
    logger.reopen();
    if (access_log != nullptr) access_log->reopen();
    logger.info("log files opened anew");
    if (const auto reloaded = api.reload_certificates(); !reloaded)
      logger.error("the admin API's certificate stays as it is: " + reloaded.error().message);
  }
}

admin::Options admin_options(const Options& options) {
  admin::Options made{.address = options.api_addr, .member_name = options.name};
  if (!options.log_dir.empty())
    made.log_file = options.path_of(options.log_dir) + "/stdout.log";
  made.start_options = without_secrets(options);
  if (options.tls) made.tls = {options.cert_file, options.key_file, options.client_ca_file};
  made.credentials = {.users = options.basic_auth,
                      .tokens = options.api_tokens,
                      .readers = options.api_readers,
                      .certificate = options.tls && !options.client_ca_file.empty()};
  return made;
}

Result<void> run(const Options& options) {
  const Signals signals;
  raise_file_limit();
  admin::Options api_options = admin_options(options);
  SLUICE_CHECK(admin::check(api_options));
  SLUICE_CHECK(make_folder(options.path_of(options.data_dir)));
  if (!options.log_dir.empty()) SLUICE_CHECK(make_folder(options.path_of(options.log_dir)));
  const auto log_file = [&](const char* name) {
    return options.log_dir.empty() ? std::string() : options.path_of(options.log_dir) + "/" + name;
  };
  const Logger logger = Logger::open(log_file("stdout.log"), options.debug);
  const unsigned cores =
      options.workers > 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency());

  SLUICE_TRY(const auto store,
             store::open_embedded_store(options.path_of(options.data_dir), cores, logger, {},
                                        options.durability == "process" ? store::Durability::process
                                                                        : store::Durability::disk));
  SLUICE_TRY(const auto pid_file, PidFile::write(options.path_of("sluice.pid")));
  SLUICE_TRY(
      const auto engine,
      wasm::Engine::create({.cache_directory = options.path_of(options.data_dir) + "/modules"}));
  std::unique_ptr<observe::AccessLog> access_log;
  if (!options.disable_access_log) {
    access_log =
        std::make_unique<observe::AccessLog>(log_file("filter_http_access.log"), cores, logger);
  }
  server::Workers workers(cores, access_log.get(), logger);
  control::Controller controller({.core_count = cores, .member_name = options.name}, logger, *store,
                                 workers, filters::all({*engine, *store, logger, cores}));
  workers.start();
  SLUICE_CHECK(controller.start());
  SLUICE_CHECK(create_initial_objects(options.initial_object_config_files, controller, logger));
  SLUICE_TRY(auto api, admin::Api::start(std::move(api_options), logger, controller));
  logger.info("sluice-server " SLUICE_VERSION " started, " + std::to_string(cores) +
              " workers, admin API on " + options.api_addr);
  std::fprintf(stderr, "sluice-server %s: %u workers, admin API on %s\n", SLUICE_VERSION, cores,
               options.api_addr.c_str());

  wait_for_the_end(signals, logger, access_log.get(), *api);
  signals.second_one_kills();
  logger.info("stopping: requests in flight finish");
  api.reset();
  controller.stop();
  const std::size_t cut = workers.drain(kDrainPatience);
  if (cut > 0) logger.warn(std::to_string(cut) + " connections were cut");
  workers.stop();
  logger.info("stopped");
  return {};
}

}  // namespace
}  // namespace sluice::server_program

int main(int argc, char** argv) {
  using namespace sluice::server_program;
  const CommandLine command = parse_command_line(argc, argv);
  if (command.exit) return command.exit_code;
  if (const auto ended = run(command.options); !ended) {
    std::fprintf(stderr, "sluice-server: %s\n", ended.error().message.c_str());
    for (const auto& line : ended.error().details) std::fprintf(stderr, "  %s\n", line.c_str());
    return 1;
  }
  return 0;
}
