// SPDX-License-Identifier: Apache-2.0
// sluice_load: asks as many users on keep-alive connections, and says as JSON who was let in and
// how fast. SIGTERM ends it in order.
#include <CLI/CLI.hpp>

#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>

#include "load.h"

namespace {

volatile std::sig_atomic_t stopped = 0;  // all that a signal handler may touch

void stop(int) { stopped = 1; }

struct Options {
  load::Target target;
  load::Bodies bodies{"buy\n", "sold out.\n"};
  unsigned connections = 64;
  std::uint64_t requests = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t first = 0;
  std::uint64_t cycle = 0;
  double seconds = 3600;
  std::string users_file, let_in_file;
};

load::Users users_of(const Options& options) {
  if (options.users_file.empty()) {
    return load::Users(options.first, options.cycle, options.requests);
  }
  std::ifstream file(options.users_file);
  using Number = std::istream_iterator<std::uint64_t>;
  return load::Users(std::vector<std::uint64_t>(Number(file), Number()));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Asks for many users, and says who was let in.");
  app.add_option("port", options.target.port)->required();
  app.add_option("--host", options.target.host, "IPv4 address of the server")
      ->check(CLI::ValidIPV4);
  app.add_option("--path", options.target.path);
  app.add_option("--prefix", options.target.name_prefix, "of the users' names");
  app.add_option("--yes", options.bodies.yes, "the body that lets in");
  app.add_option("--no", options.bodies.no, "the body that does not");
  app.add_option("-c,--connections", options.connections);
  app.add_option("-n,--requests", options.requests);
  app.add_option("-s,--seconds", options.seconds);
  app.add_option("--first", options.first, "number of the first user");
  app.add_flag("--scatter", options.target.scatter, "names in no order, as real ones are");
  app.add_option("--cycle", options.cycle, "so many users come again and again");
  app.add_option("--users", options.users_file, "the numbers of the users, once each");
  app.add_option("--let-in", options.let_in_file, "file for the numbers of those let in");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGTERM, stop);
  std::signal(SIGINT, stop);

  load::Tally tally(options.bodies);
  load::Load load(options.target, users_of(options), tally);
  const auto begin = load::Clock::now();
  load.run(options.connections,
           begin + std::chrono::milliseconds(static_cast<std::int64_t>(options.seconds * 1000)),
           stopped);
  std::cout << tally.report(load::Clock::now() - begin).dump() << '\n';
  if (!options.let_in_file.empty()) {
    std::ofstream file(options.let_in_file);
    for (const auto user : tally.let_in()) file << user << '\n';
  }
  return 0;
}
