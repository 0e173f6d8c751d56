// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/hot_restart.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "admin/health_server.h"
#include "base/descriptor.h"
#include "filters/successor/successor.h"
#include "sluice-server/end_asked.h"
#include "sluice-server/open_store.h"
#include "sluice-server/outcome_file.h"
#include "sluice-server/passed_on.h"
#include "sluice-server/reload.h"
#include "sluice-server/successor_process.h"

namespace sluice::server_program {
namespace {

// The time that runs have to finish before the store is closed.
constexpr std::chrono::seconds kRunPatience{5};

// The space on disk that opening the store may need. An orderly close removes the store's log, so
// this is plenty.
constexpr off_t kRoomToOpen = 256 * 1024;

// Refuses a hot restart while the store cannot be written. A new process could not open such a
// store, and neither could the old program again. This process continues: it serves everything that
// does not need the store.
Result<void> check_disk(const Running& running) {
  if (const std::string ill = running.store.health(); !ill.empty())
    return fail(ErrorKind::unavailable, "shared data cannot be written: " + ill);
  const std::string path = running.options.path_of(running.options.data_dir) + "/hand-over.new";
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const int error = file.is_open() ? ::posix_fallocate(file.get(), 0, kRoomToOpen) : errno;
  if (file.is_open()) ::unlink(path.c_str());
  if (error == 0) return {};
  return fail(ErrorKind::unavailable,
              path + " cannot be written: " + std::generic_category().message(error) +
                  ": look at the data directory and its disk");
}

// Requires: the store is closed, so there is no way back. If the new program fails now, starts the
// executable of the old one, even if the file at its path has changed.
// `fallback`: receives why the new program does not serve, if the old one does again.
Result<SuccessorProcess> give_away(const Running& running, SuccessorProcess successor,
                                   SuccessorProcess::Estate estate, std::string& fallback) {
  estate.objects = nullptr;  // not rehearsed: the old program has built them already
  Json knowledge = running.controller.knowledge();
  for (const std::string& place : leave_out_beyond(knowledge))
    running.logger.warn("hand-over: the new process does not learn " + place +
                        ": all together is too long");
  EndAsked end([&running] { return running.signals.end_is_asked(); },
               [pid_file = running.options.path_of("sluice.pid")] {
                 return read_pid(pid_file) == ::getpid();
               });
  pid_t told = -1;
  const auto look = [&] {
    end.look();
    if (!end.asked() || std::exchange(told, successor.pid()) == successor.pid()) return;
    running.logger.info("hand-over: the new process is told to stop, too");
    successor.ask_to_stop();
  };
  int tries = 5;
  Result<void> serves = successor.give_store(knowledge, look);
  while (!serves && tries > 0) {
    // Once a stop is asked for, one more try serves the requests that wait, or nothing does.
    tries = end.asked() ? 0 : tries - 1;
    if (fallback.empty()) fallback = serves.error().message;
    running.logger.error("hand-over: the new process does not serve, back to the old program: " +
                         serves.error().message);
    auto again = SuccessorProcess::start(running.program, "/proc/self/exe", [] { return false; });
    if (!again) {
      serves = std::unexpected(again.error());
      std::this_thread::sleep_for(std::chrono::seconds(1));
      continue;
    }
    successor = *std::move(again);
    serves = successor.give_sockets(estate, [] { return false; });
    if (serves) serves = successor.give_store(knowledge, look);
  }
  if (serves) {
    look();  // since the last look of give_store()
  } else if (end.asked()) {
    return fail(ErrorKind::closed,
                "stopped in the middle of a hot restart, before the new process served");
  } else {
    return std::unexpected(serves.error());
  }
  return successor;
}

// A duplicate, because the server of the socket closes its own.
Result<net::Listener> socket_of(int descriptor) {
  auto own = net::Listener::adopt(descriptor);
  auto copy = own.duplicate();
  (void)own.release();
  return copy;
}

// Null: there is no server of its own for probes.
Result<std::optional<net::Listener>> health_socket(const Running& running) {
  if (!running.health_server) return std::nullopt;
  SLUICE_TRY(auto copy, socket_of(running.health_server->descriptor()));
  return copy;
}

}  // namespace

namespace {

Result<bool> hand_over_to_new(const Running& running) {
  const Logger& logger = running.logger;
  logger.info("hand-over: starting " + running.program.path);
  const auto stay = [&](const Error& error) {
    const std::string text = "no new process, this one goes on: " + error.message;
    logger.error("hand-over: " + text);
    note_outcome(running.options, kUpgradeOutcome, fail(error.kind, text));
    return false;
  };
  if (const auto disk = check_disk(running); !disk) return stay(disk.error());
  auto admin = socket_of(running.api->descriptor());
  if (!admin) return stay(admin.error());
  auto health = health_socket(running);
  if (!health) return stay(health.error());
  const auto given_up = [&running] { return running.signals.end_is_asked(); };
  auto successor = SuccessorProcess::start(running.program, running.program.path, given_up);
  if (!successor) return stay(successor.error());
  SuccessorProcess::Estate estate{
      .ports = running.controller.ports(),
      .admin = admin->descriptor(),
      .admin_address = running.options.api_addr,
      .health = *health ? (*health)->descriptor() : -1,
      .health_address = running.options.health_addr,
      .data_dir =
          std::filesystem::absolute(running.options.path_of(running.options.data_dir)).string(),
      .store = store_identity(running.options),
      .objects = running.controller.rehearsal()};
  if (const auto given = successor->give_sockets(estate, given_up); !given)
    return stay(given.error());
  if (given_up()) {
    successor->end();
    return stay({ErrorKind::closed, "it is asked to stop"});
  }

  const TimePoint begin = Clock::now();
  running.controller.end_changes();
  running.api.reset();
  running.health_server.reset();
  running.controller.stop();
  const auto gate = std::make_shared<filters::SuccessorGate>();
  pipeline::FilterKinds kinds;
  kinds.push_back(filters::make_successor_kind(gate));
  const TimePoint held = Clock::now();
  if (!running.controller.hand_over(kinds, kRunPatience))
    logger.warn("hand-over: requests that take long lose their shared data, and are refused");
  running.store.close();
  running.locks.reset();
  const TimePoint closed = Clock::now();
  std::string fallback;
  SLUICE_TRY(const auto serving, give_away(running, *std::move(successor), estate, fallback));
  gate->open(serving.channel());
  running.controller.let_go();
  const TimePoint now = Clock::now();
  logger.info("hand-over: process " + std::to_string(serving.pid()) + " serves; requests waited " +
              format_duration(now - held) + ", of which " + format_duration(closed - held) +
              " until the store was closed; the admin API was away for " +
              format_duration(now - begin));
  const std::string process = "process " + std::to_string(serving.pid());
  if (fallback.empty())
    note_outcome(running.options, kUpgradeOutcome, process + " serves");
  else
    note_outcome(running.options, kUpgradeOutcome,
                 fail(ErrorKind::unavailable, "the new program does not serve, and " + process +
                                                  " runs the old one: " + fallback));
  return true;
}

}  // namespace

Result<bool> hand_over(const Running& running) {
  auto done = hand_over_to_new(running);
  if (!done) note_outcome(running.options, kUpgradeOutcome, std::unexpected(done.error()));
  return done;
}

bool retire(const Running& running) {
  constexpr std::chrono::milliseconds kLook{50};
  const TimePoint end = Clock::now() + running.options.retire_timeout;
  while (running.workers.wait_for_connections(kLook) > 0 && Clock::now() < end) {
    const auto signal = running.signals.poll();
    if (signal == SIGTERM || signal == SIGINT) return true;
    if (signal == SIGUSR2) running.logger.warn("SIGUSR2: another process has taken over already");
    if (signal == SIGHUP) reopen_logs(running.logger, running.access_log);
  }
  return false;
}

}  // namespace sluice::server_program
