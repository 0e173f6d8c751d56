// SPDX-License-Identifier: Apache-2.0
// sluice-server. main.cc is the table of contents of the process: its parts, the order in which
// they are built, and their end.
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "admin/api.h"
#include "admin/health.h"
#include "admin/health_server.h"
#include "backend/address_book.h"
#include "base/log.h"
#include "base/memory_size.h"
#include "control/controller.h"
#include "control/kinds/all.h"
#include "control/rehearsal.h"
#include "filters/all.h"
#include "observe/access_log.h"
#include "server/server_spec.h"
#include "server/workers.h"
#include "sluice-server/check.h"
#include "sluice-server/cluster_port.h"
#include "sluice-server/command_line.h"
#include "sluice-server/hot_restart.h"
#include "sluice-server/initial_objects.h"
#include "sluice-server/open_logs.h"
#include "sluice-server/open_store.h"
#include "sluice-server/options.h"
#include "sluice-server/outcome_file.h"
#include "sluice-server/own_secret.h"
#include "sluice-server/predecessor_process.h"
#include "sluice-server/process.h"
#include "sluice-server/program.h"
#include "sluice-server/readiness.h"
#include "sluice-server/reload.h"
#include "sluice-server/say.h"
#include "store/store.h"
#include "wasm/engine.h"

namespace sluice::server_program {
namespace {

constexpr std::chrono::seconds kLateWork{20};   // for a compiler that a change has begun
constexpr std::chrono::seconds kLastLines{20};  // for the logs, after all else has stopped

// Takes over connections of the predecessor. Invariant: the adoption ends before the workers do.
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

// Checks the estate before the old process gives up its store, because there is no way back then.
Result<void> accept_estate(const Options& options, PredecessorProcess::Estate& estate,
                           admin::Options& api_options) {
  const auto data_dir = std::filesystem::absolute(options.path_of(options.data_dir));
  // A process of an earlier version names no store: its store is the embedded one.
  const std::string before = estate.store.empty() ? "embedded" : estate.store;
  if (const std::string store = store_identity(options); store != before) {
    return fail(ErrorKind::invalid, changed_store_options(options, before) + ": the store (" +
                                        store + ") is not that of the old process (" + before +
                                        "), which a hot restart goes on with; stop and start");
  }
  if (std::error_code error; !std::filesystem::equivalent(data_dir, estate.data_dir, error)) {
    return fail(ErrorKind::invalid, "data-dir: " + data_dir.string() + " is not " +
                                        estate.data_dir +
                                        ", which a hot restart goes on with; stop and start");
  }
  auto admin = std::exchange(estate.admin, std::nullopt);
  if (admin && estate.admin_address == options.api_addr) {
    api_options.listener = std::move(admin);
    return {};
  }
  SLUICE_TRY(api_options.listener, admin::listen(options.api_addr));
  return {};
}

// Uses a store in memory, because the old process has the shared data.
Result<void> rehearse(const Json& objects, wasm::Engine& engine, const Logger& logger,
                      unsigned cores, const std::string& code_folder) {
  const auto store = store::open_memory_store(cores);
  SLUICE_TRY(auto filters, filters::all({engine, *store, logger, cores, code_folder}));
  return control::rehearse(objects, {control::all_kinds(), std::move(filters), cores});
}

// OpenTelemetry asks for a warning where a variable cannot be used.
control::TracingServices tracing_services(const Logger& logger) {
  std::vector<std::string> faults;
  control::TracingServices services{.environment = tracing::Environment::of_process(faults),
                                    .logger = logger};
  for (const std::string& fault : faults) logger.warn("environment: " + fault);
  return services;
}

// A first start fails if `done` has failed. A service that runs, or has run, logs the error and
// continues.
template <class T>
Result<void> required(bool first, const Result<T>& done, const Logger& logger) {
  if (done) return {};
  if (first) return std::unexpected(done.error());
  logger.error(done.error().message);
  return {};
}

// Serves until a signal ends the service. Returns true if a new process serves instead. `in_force`:
// those of `running`, which SIGHUP replaces.
Result<bool> serve(const Running& running, InForce& in_force) {
  while (true) {
    const int signal = running.signals.wait();
    if (signal == SIGTERM || signal == SIGINT) return false;
    if (signal == SIGHUP) {
      reopen_logs(running.logger, running.access_log);
      const auto reloaded =
          reload(in_force, running.program, running.logger, *running.api, running.controller);
      note_outcome(running.options, kReloadOutcome, reloaded);
    } else if (signal == SIGUSR2) {
      SLUICE_TRY(const bool handed_over, hand_over(running));
      if (handed_over) return true;
    }
  }
}

// A thread that cannot be ended, because it compiles a large program, or writes a log into a pipe
// that nobody reads, does not keep an orderly stop from its end. The thread of this function ends
// with the process.
void end_within(Duration patience) {
  std::thread([patience] {
    std::this_thread::sleep_for(patience);
    ::_exit(0);
  }).detach();
}

// Finishes the requests in flight.
void stop(const Running& running) {
  end_within(running.options.drain_timeout + kLateWork);
  running.logger.info("stopping: requests in flight finish");
  // Other members take over what this one owns, while it still answers.
  running.store.resign();
  // The ports close first: new connections are refused, so that their clients go elsewhere.
  running.controller.end_changes();
  running.controller.close_ports();
  running.workers.stop_accepting();
  running.api.reset();
  running.controller.stop();
  const std::size_t cut = running.workers.drain(running.options.drain_timeout);
  if (cut > 0) running.logger.warn(std::to_string(cut) + " connections were cut");
  running.workers.stop();
  // A store that is shared goes on to tell the cores what other members do. Their loops are next.
  running.store.close();
  running.logger.info("stopped");
  end_within(kLastLines);
}

// Load balancers that ask whether the process is ready send elsewhere, and until they have asked it
// serves them. A second signal ends it at once.
void await_shutdown_delay(const Running& running, Readiness& readiness) {
  readiness.end();
  const Duration delay = running.options.shutdown_delay;
  if (delay == Duration::zero()) return;
  running.logger.info("stopping: not ready any more, and serving for " + format_duration(delay));
  std::this_thread::sleep_for(delay);
}

auto make_engine(const Options& options) {
  return wasm::Engine::create({.cache_directory = options.path_of(options.data_dir) + "/modules",
                               .guests_max = options.max_guests});
}

// Null: there is no --health-addr.
Result<std::unique_ptr<admin::HealthServer>> start_health_server(
    const Options& options, PredecessorProcess::Estate& inherited,
    std::shared_ptr<const admin::Health> health, const Logger& logger) {
  if (options.health_addr.empty()) return nullptr;
  auto socket = std::exchange(inherited.health, std::nullopt);
  if (inherited.health_address != options.health_addr) socket.reset();
  return admin::HealthServer::start(options.health_addr, std::move(socket), std::move(health),
                                    logger);
}

void say_started(const Options& options, unsigned cores, std::uint64_t memory,
                 const Logger& logger) {
  logger.info("sluice-server " SLUICE_VERSION " started, " + std::to_string(cores) +
              " workers, memory budget " + format_memory_size(memory) + ", admin API on " +
              options.api_addr);
  say("sluice-server " SLUICE_VERSION ": " + std::to_string(cores) + " workers, admin API on " +
      options.api_addr);
}

// The admin API hands calls over to other members.
void link_members(admin::Options& api_options, ClusterPorts& cluster, const Options& options) {
  api_options.handed = std::move(cluster.handed);
  api_options.to_members = std::move(cluster.to_members);
  api_options.owner_wait = options.cluster.owner_wait;
}

void warn_of_descriptors(std::uint64_t descriptors, const Logger& logger) {
  const auto scarce = scarce_descriptors(descriptors, server::HttpServerSpec().max_connections);
  if (!scarce.empty()) logger.warn(scarce);
}

unsigned core_count(const Options& options) {
  return options.workers > 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency());
}

Result<void> run(const Options& options, const Program& program, PredecessorProcess* predecessor) {
  const Signals signals;
  const auto end_is_asked = [&signals] { return signals.end_is_asked(); };
  const std::uint64_t descriptors = raise_file_limit();
  admin::Options api_options = admin_options(options);
  SLUICE_CHECK(admin::check(api_options));
  SLUICE_TRY(MemberTls tls, read_member_tls(options.cluster));
  SLUICE_CHECK(make_folder(options.path_of(options.data_dir)));
  SLUICE_TRY(const Logger logger, open_log(options));
  warn_of_descriptors(descriptors, logger);
  const unsigned cores = core_count(options);
  const std::string code_folder = options.path_of(options.data_dir) + "/code";
  SLUICE_TRY(const auto engine, make_engine(options));
  SLUICE_TRY(auto cluster, make_cluster_ports(options, tls, cores));
  const auto etcd_addresses = std::make_shared<backend::AddressBook>();
  PredecessorProcess::Estate inherited;
  config::Value known;
  if (predecessor != nullptr) {
    SLUICE_TRY(inherited, predecessor->take_sockets());
  }
  SLUICE_CHECK(check_bind_address(options));  // HTTPServers would fail one by one
  SLUICE_CHECK(check_cluster_addr(cluster, inherited.ports));
  if (predecessor != nullptr) {
    SLUICE_CHECK(accept_estate(options, inherited, api_options));
    SLUICE_CHECK(rehearse(inherited.objects, *engine, logger, cores, code_folder));
    SLUICE_CHECK(await_answer_of_store(options, tls, etcd_addresses));
    SLUICE_TRY(known, predecessor->take_store());
  }
  SLUICE_TRY(auto locks, lock_directories(options));
  SLUICE_TRY(const auto store,
             open_store(options, tls, cores, logger, std::move(cluster.ask_owner),
                        std::move(cluster.reach_member), end_is_asked, etcd_addresses));
  if (store == nullptr) return {};
  SLUICE_TRY(std::string secret, own_secret(options.path_of(options.data_dir) + "/gateway.secret"));
  const auto pid_file = PidFile::write(options.path_of("sluice.pid"));
  SLUICE_CHECK(required(predecessor == nullptr, pid_file, logger));
  SLUICE_TRY(const auto access_log, open_access_log(options, cores, logger));
  const std::uint64_t memory = memory_budget(options);
  server::Workers workers(cores, memory, access_log.get(), logger);
  SLUICE_TRY(auto kinds, filters::all({*engine, *store, logger, cores, code_folder,
                                       std::move(secret), cluster.handover, false, &workers}));
  control::Controller controller({.core_count = cores,
                                  .member_name = options.name,
                                  .bind_address = options.bind_address,
                                  .cluster_port = std::move(cluster.port)},
                                 logger, *store, workers, std::move(kinds),
                                 control::all_kinds(tracing_services(logger)));
  workers.start();
  std::optional<control::Controller::TakenOver> taken_over;
  if (predecessor != nullptr) taken_over.emplace(std::move(inherited.objects), end_is_asked);
  SLUICE_CHECK(controller.start(std::move(inherited.ports), known, taken_over));
  const InitialObjects::Start start{.first = controller.list().empty(),
                                    .hot = predecessor != nullptr};
  InitialObjects initial(options.initial_object_config_files, start, controller, logger);
  // Behind a predecessor that has objects, clients wait for this process.
  if (start.first || !start.hot) SLUICE_CHECK(initial.wait());
  link_members(api_options, cluster, options);
  const auto health = std::make_shared<admin::Health>(controller);
  api_options.health = health;
  SLUICE_TRY(auto api, admin::Api::start(std::move(api_options), logger, controller));
  note_certificates(tls, *api, controller);
  SLUICE_TRY(std::unique_ptr<admin::HealthServer> health_server,
             start_health_server(options, inherited, health, logger));
  say_started(options, cores, memory, logger);
  Readiness readiness(health, workers);
  const Adoption adoption(predecessor, workers);
  notify_service_manager("READY=1\nMAINPID=" + std::to_string(getpid()));

  InForce in_force{options, std::move(tls)};
  const Running running{program, in_force.options, signals, logger,        *store,          locks,
                        workers, controller,       api,     health_server, access_log.get()};
  SLUICE_TRY(const bool handed_over, serve(running, in_force));
  if (!handed_over) notify_service_manager("STOPPING=1");
  const bool asked_to_stop = !handed_over || retire(running);
  signals.second_one_kills(asked_to_stop);
  if (!handed_over) await_shutdown_delay(running, readiness);
  readiness.end();
  stop(running);
  return {};
}

// A process that cannot start its threads cannot serve.
Result<void> run_or_say_why(const Options& options, const Program& program,
                            PredecessorProcess* predecessor) {
  try {
    return run(options, program, predecessor);
  } catch (const std::system_error& error) {
    return fail(ErrorKind::unavailable,
                std::string("a thread cannot be started: ") + error.what() +
                    ": raise the limit of processes (ulimit -u, TasksMax, --pids-limit)");
  }
}

// Says an error. A single fault is the message itself.
int exit_code_of(const Result<void>& done) {
  if (done) return 0;
  const Error& error = done.error();
  say_error(error.message, error.details.size() > 1 ? error.details : std::vector<std::string>());
  return 1;
}

}  // namespace
}  // namespace sluice::server_program

int main(int argc, char** argv) {
  using namespace sluice::server_program;
  const CommandLine command = parse_command_line(argc, argv);
  if (command.exit) return command.exit_code;
  if (command.check) return exit_code_of(check(command.options));
  const auto predecessor = PredecessorProcess::find();
  const auto ended = run_or_say_why(command.options, Program::of(argc, argv), predecessor.get());
  if (!ended) {
    if (predecessor) predecessor->give_up(ended.error().message);
    say_error(ended.error().message, ended.error().details);
    return 1;
  }
  return 0;
}
