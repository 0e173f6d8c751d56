// SPDX-License-Identifier: Apache-2.0
// sluice-server. Reads as the table of contents of the process: what there is, in the order in
// which it is built, and how it ends.
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "admin/admin.h"
#include "base/log.h"
#include "control/controller.h"
#include "filters/all.h"
#include "filters/successor/successor.h"
#include "observe/access_log.h"
#include "server/workers.h"
#include "sluice-server/hand_over.h"
#include "sluice-server/initial_objects.h"
#include "sluice-server/options.h"
#include "sluice-server/process.h"
#include "store/store.h"
#include "wasm/engine.h"

namespace sluice::server_program {
namespace {

constexpr std::chrono::seconds kDrainPatience{30};
// Of a hot restart: for runs at work before the store is closed, and for connections afterwards.
constexpr std::chrono::seconds kRunPatience{5};
constexpr std::chrono::minutes kRetirePatience{10};

// SIGHUP reopens the logs and reads the admin API's certificate again; the others return.
int wait_for_the_end(const Signals& signals, const Logger& logger, observe::AccessLog* access_log,
                     admin::Api& api) {
  while (true) {
    const int signal = signals.wait();
    if (signal != SIGHUP) return signal;
    logger.reopen();
    if (access_log != nullptr) access_log->reopen();
    logger.info("log files opened anew");
    if (const auto reloaded = api.reload_certificates(); !reloaded)
      logger.error("the admin API's certificate stays as it is: " + reloaded.error().message);
  }
}

// What a hot restart takes from the running process.
struct Running {
  const Program& program;
  const Logger& logger;
  store::Store& store;
  server::Workers& workers;
  control::Controller& controller;
  std::unique_ptr<admin::Api>& api;
};

// The store is closed: there is no way back. If the new program fails now, the old one's file is
// started, whatever the path says by now.
Result<SuccessorProcess> give_away(const Running& running, SuccessorProcess successor,
                                   const std::vector<control::Ports::Open>& ports,
                                   const net::Listener& admin) {
  constexpr int kTries = 5;
  Result<void> serves = successor.give_store();
  for (int i = 0; i < kTries && !serves; ++i) {
    running.logger.error("hand-over: the new process does not serve, back to the old program: " +
                         serves.error().message);
    auto again = SuccessorProcess::start(running.program, "/proc/self/exe");
    if (!again) {
      serves = std::unexpected(again.error());
      std::this_thread::sleep_for(std::chrono::seconds(1));
      continue;
    }
    successor = *std::move(again);
    serves = successor.give_sockets(ports, admin.descriptor());
    if (serves) serves = successor.give_store();
  }
  if (!serves) return std::unexpected(serves.error());
  return successor;
}

// SIGUSR2. Returns false if this process goes on; true when it has nothing left to do.
Result<bool> hand_over(const Running& running) {
  const Logger& logger = running.logger;
  logger.info("hand-over: starting " + running.program.path);
  auto successor = SuccessorProcess::start(running.program, running.program.path);
  const auto stay = [&logger](const Error& error) {
    logger.error("hand-over: no new process, this one goes on: " + error.message);
    return false;
  };
  if (!successor) return stay(successor.error());
  auto admin = net::Listener::adopt(running.api->descriptor());
  auto admin_copy = admin.duplicate();
  (void)admin.release();
  if (!admin_copy) return stay(admin_copy.error());
  const auto ports = running.controller.ports();
  if (const auto sent = successor->give_sockets(ports, admin_copy->descriptor()); !sent)
    return stay(sent.error());

  const TimePoint begin = Clock::now();
  running.api.reset();
  running.controller.stop();
  const auto gate = std::make_shared<filters::SuccessorGate>();
  pipeline::FilterKinds kinds;
  kinds.push_back(filters::make_successor_kind(gate));
  const TimePoint held = Clock::now();
  if (!running.controller.hand_over(kinds, kRunPatience))
    logger.warn("hand-over: requests that take long lose their shared data, and are refused");
  running.store.close();
  const TimePoint closed = Clock::now();
  SLUICE_TRY(const auto serving, give_away(running, *std::move(successor), ports, *admin_copy));
  gate->open(serving.channel());
  running.controller.drop_ports();
  admin_copy = fail(ErrorKind::closed, "");
  const TimePoint now = Clock::now();
  logger.info("hand-over: process " + std::to_string(serving.pid()) + " serves; requests waited " +
              format_duration(now - held) + ", of which " + format_duration(closed - held) +
              " until the store was closed; the admin API was away for " +
              format_duration(now - begin));
  return true;
}

// Ends, before the workers do, what gives them connections.
class Adoption {
 public:
  Adoption(PredecessorProcess* predecessor, server::Workers& workers) : predecessor_(predecessor) {
    if (predecessor_ != nullptr) predecessor_->serving(workers);
  }
  ~Adoption() {
    if (predecessor_ != nullptr) predecessor_->stop();
  }
  Adoption(const Adoption&) = delete;
  Adoption& operator=(const Adoption&) = delete;

 private:
  PredecessorProcess* predecessor_;
};

admin::Options admin_options(const Options& options) {
  admin::Options made{.address = options.api_addr, .member_name = options.name};
  if (!options.log_dir.empty()) made.log_file = options.path_of(options.log_dir) + "/stdout.log";
  made.start_options = without_secrets(options);
  if (options.tls) made.tls = {options.cert_file, options.key_file, options.client_ca_file};
  made.credentials = {.users = options.basic_auth,
                      .tokens = options.api_tokens,
                      .readers = options.api_readers,
                      .certificate = options.tls && !options.client_ca_file.empty()};
  return made;
}

Result<void> run(const Options& options, const Program& program, PredecessorProcess* predecessor) {
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

  SLUICE_TRY(
      const auto engine,
      wasm::Engine::create({.cache_directory = options.path_of(options.data_dir) + "/modules"}));
  PredecessorProcess::Sockets inherited;
  if (predecessor != nullptr) {
    SLUICE_TRY(inherited, predecessor->take_over());
  }
  SLUICE_TRY(const auto store,
             store::open_embedded_store(options.path_of(options.data_dir), cores, logger, {},
                                        options.durability == "process" ? store::Durability::process
                                                                        : store::Durability::disk));
  SLUICE_TRY(const auto pid_file, PidFile::write(options.path_of("sluice.pid")));
  std::unique_ptr<observe::AccessLog> access_log;
  if (!options.disable_access_log) {
    access_log =
        std::make_unique<observe::AccessLog>(log_file("filter_http_access.log"), cores, logger);
  }
  server::Workers workers(cores, access_log.get(), logger);
  control::Controller controller({.core_count = cores, .member_name = options.name}, logger, *store,
                                 workers, filters::all({*engine, *store, logger, cores}));
  workers.start();
  SLUICE_CHECK(controller.start(std::move(inherited.ports)));
  SLUICE_CHECK(create_initial_objects(options.initial_object_config_files, controller, logger));
  api_options.listener = std::move(inherited.admin);
  SLUICE_TRY(auto api, admin::Api::start(std::move(api_options), logger, controller));
  logger.info("sluice-server " SLUICE_VERSION " started, " + std::to_string(cores) +
              " workers, admin API on " + options.api_addr);
  std::fprintf(stderr, "sluice-server %s: %u workers, admin API on %s\n", SLUICE_VERSION, cores,
               options.api_addr.c_str());

  const Adoption adoption(predecessor, workers);
  notify_service_manager("READY=1\nMAINPID=" + std::to_string(getpid()));

  bool handed_over = false;
  while (!handed_over && wait_for_the_end(signals, logger, access_log.get(), *api) == SIGUSR2) {
    SLUICE_TRY(handed_over, hand_over({program, logger, *store, workers, controller, api}));
  }
  signals.second_one_kills();
  if (handed_over) (void)workers.wait_for_connections(kRetirePatience);
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
  const auto predecessor = PredecessorProcess::find();
  if (const auto ended = run(command.options, Program::of(argc, argv), predecessor.get()); !ended) {
    if (predecessor) predecessor->give_up(ended.error().message);
    std::fprintf(stderr, "sluice-server: %s\n", ended.error().message.c_str());
    for (const auto& line : ended.error().details) std::fprintf(stderr, "  %s\n", line.c_str());
    return 1;
  }
  return 0;
}
