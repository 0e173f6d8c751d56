// SPDX-License-Identifier: Apache-2.0
// sluice_open_load: requests at a rate that answers do not change, and says as JSON what became of
// them. SIGTERM ends it in order.
#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>

#include "open_loop.h"

namespace {

volatile std::sig_atomic_t stopped = 0;  // all that a signal handler may touch

void stop(int) { stopped = 1; }

struct Options {
  load::OpenLoopOptions loop;
  load::PeopleOptions people;
  std::vector<std::string> phases;
  std::string arrivals = "poisson";
  std::string let_in_file;
};

constexpr double kSecondsMax = 3600;

std::vector<load::Phase> phases_of(const Options& options) {
  std::vector<load::Phase> phases;
  double seconds = 0;
  for (const std::string& text : options.phases) {
    const auto phase = load::parse_phase(text);
    if (!phase) throw CLI::ValidationError("phases", "\"" + text + "\" is not RATE:SECONDS");
    seconds += phase->seconds;
    phases.push_back(*phase);
  }
  if (seconds > kSecondsMax) throw CLI::ValidationError("phases", "more than an hour in all");
  return phases;
}

void add_options(CLI::App& app, Options& options) {
  auto& loop = options.loop;
  app.add_option("port", loop.port)->required();
  app.add_option("--host", loop.host, "IPv4 address of the server")->check(CLI::ValidIPV4);
  app.add_option("phases", options.phases, "RATE:SECONDS, one after the other")->required();
  app.add_option("--path", loop.path);
  app.add_option("--prefix", loop.name_prefix, "of the users' names");
  app.add_option("--yes", loop.bodies.yes, "the body that lets in");
  app.add_option("--no", loop.bodies.no, "the body that does not");
  app.add_option("--sockets", loop.sockets)->check(CLI::Range(1, 60'000));
  app.add_option("--sources", loop.sources, "client addresses")->check(CLI::Range(1, 60'000));
  app.add_option("--new", loop.new_share, "share of requests with a connection of their own")
      ->check(CLI::Range(0.0, 1.0));
  app.add_flag("!--no-wait", loop.waits, "a request that finds no socket free is not made");
  app.add_option("--patience", loop.patience, "seconds until a client gives up")
      ->check(CLI::Range(0.001, 600.0));
  app.add_option("--deadline", loop.deadline, "seconds; a 200 within it is good");
  app.add_option("--arrivals", options.arrivals)->check(CLI::IsMember({"poisson", "fixed"}));
  app.add_option("--seed", loop.seed);
  app.add_option("--first", options.people.first, "number of the first new user");
  app.add_option("--known-first", options.people.known_first, "number of the first who is in");
  app.add_option("--known-count", options.people.known_count, "how many are in at the begin");
  app.add_option("--known-share", options.people.known_share, "of the requests, by those in")
      ->check(CLI::Range(0.0, 1.0));
  app.add_flag("--come-again", options.people.come_again, "those let in come again");
  app.add_option("--let-in", options.let_in_file, "file for the numbers of those let in");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Asks at a given rate, whatever the answers, and says what became of it.");
  add_options(app, options);
  std::vector<load::Phase> phases;
  try {
    app.parse(argc, argv);
    phases = phases_of(options);
  } catch (const CLI::Error& error) {
    return app.exit(error);
  }
  std::signal(SIGTERM, stop);
  std::signal(SIGINT, stop);

  load::OpenLoop loop(options.loop,
                      load::Schedule(phases, options.arrivals == "poisson", options.loop.seed),
                      load::People(options.people, options.loop.seed + 1));
  loop.run(stopped);
  std::cout << loop.report().dump() << '\n';
  if (!options.let_in_file.empty()) {
    std::ofstream file(options.let_in_file);
    for (const auto user : loop.people().let_in()) file << user << '\n';
  }
  return 0;
}
