// SPDX-License-Identifier: Apache-2.0
#include "backend/health_check.h"

#include <deque>

#include "base/mutex.h"
#include "loop/event.h"

namespace sluice::backend {
namespace {

constexpr std::uint64_t kBodyBytesMax = 64 << 10;

std::shared_ptr<const Servers> with_port(Servers servers, std::optional<std::uint16_t> port) {
  for (Server& server : servers) server.port = port.value_or(server.port);
  return std::make_shared<const Servers>(std::move(servers));
}

// A check tests whether connections can be made, so it keeps none.
ClientOptions no_idle(ConnectorOptions connector) {
  ClientOptions options;
  options.idle.max = 0;
  options.connector = std::move(connector);
  return options;
}

// Checks do not queue for the connections of requests.
ServerStates own_states(std::size_t count) {
  ServerStates states(count);
  for (auto& state : states) state = std::make_shared<ServerState>(1);
  return states;
}

// The bytes of a client that has nothing to say after its upgrade.
class Silence final : public http::BodyReader {
 public:
  explicit Silence(loop::EventLoop& loop) : never_(loop) {}
  Task<Result<std::string_view>> read() override {
    co_await never_.wait();
    co_return std::string_view();
  }

 private:
  loop::Event never_;
};

}  // namespace

HealthThread::HealthThread() : thread_([this] { loop_.run(); }) {}

HealthThread::~HealthThread() {
  loop_.stop();
  thread_.join();
}

struct HealthChecker::Run {
  Run(loop::EventLoop& loop, std::string its_pool, Servers its_servers, ServerStates its_states,
      HealthCheck its_check, Logger its_logger)
      : core{loop, 0, 1},
        pool(std::move(its_pool)),
        servers(std::make_shared<const Servers>(std::move(its_servers))),
        states(std::move(its_states)),
        check(std::move(its_check)),
        logger(std::move(its_logger)),
        faults(servers->size()) {
    askers.emplace_back(core, *servers, check, check.connector);
    for (const HealthProbe& probe : check.more)
      askers.emplace_back(core, *servers, probe, check.connector);
  }

  // A request of the check, and the client that sends it to the port that it names.
  struct Asker {
    Asker(const loop::Core& core, const Servers& its_servers, const HealthProbe& its_probe,
          const ConnectorOptions& connector)
        : probe(its_probe),
          servers(with_port(its_servers, probe.port)),
          client(core, servers, own_states(servers->size()), no_idle(connector)) {}

    const HealthProbe& probe;
    const std::shared_ptr<const Servers> servers;
    Client client;
  };
  Task<void> watch(std::size_t server);
  // The fault of the server; "" for none, nullopt if the check is inconclusive.
  Task<std::optional<std::string>> ask(std::size_t server);
  Task<std::optional<std::string>> ask(Asker& asker, std::size_t server);
  void make_request(const Asker& asker, std::size_t server, http::Request& request) const;
  void note(std::size_t server, const std::string& fault, unsigned in_row);

  const loop::Core core;
  const std::string pool;
  const std::shared_ptr<const Servers> servers;
  const ServerStates states;
  const HealthCheck check;
  const Logger logger;
  std::deque<Asker> askers;
  Mutex mutex;                                               // of faults, for the status
  std::vector<std::string> faults SLUICE_GUARDED_BY(mutex);  // by server
  std::vector<Task<void>> tasks;                             // last: they use the others
};

Task<void> HealthChecker::Run::watch(std::size_t server) {
  unsigned in_row = 0;
  bool failed_before = false;
  while (true) {
    const TimePoint next = loop::EventLoop::now() + check.interval;
    const std::optional<std::string> fault = co_await ask(server);
    if (fault) {
      in_row = fault->empty() == failed_before ? 1 : in_row + 1;
      failed_before = !fault->empty();
      note(server, *fault, in_row);
    }
    co_await core.loop.sleep_until(next);
  }
}

void HealthChecker::Run::make_request(const Asker& asker, std::size_t server,
                                      http::Request& request) const {
  request.method = asker.probe.method;
  request.host = (*asker.servers)[server].authority;
  (void)request.set_target(asker.probe.target);
  for (const http::Field& field : asker.probe.headers) {
    if (http::iequals(field.name, "Host")) {
      request.host = field.value;
    } else {
      request.headers.add(field.name, field.value);
    }
  }
  request.body.assign(asker.probe.body);
  if (asker.probe.upgrade.empty()) return;
  request.upgrade = asker.probe.upgrade;
  request.upgraded = std::make_shared<Silence>(core.loop);
}

Task<std::optional<std::string>> HealthChecker::Run::ask(std::size_t server) {
  for (Asker& asker : askers) {
    std::optional<std::string> fault = co_await ask(asker, server);
    if (!fault || !fault->empty()) co_return fault;
  }
  co_return "";
}

Task<std::optional<std::string>> HealthChecker::Run::ask(Asker& asker, std::size_t server) {
  http::Request request;
  http::Response response;
  make_request(asker, server, request);
  Call call;
  call.server = server;
  call.deadline = loop::EventLoop::now() + check.timeout;
  call.body_bytes_max = asker.probe.wants_body ? std::int64_t{kBodyBytesMax} : -1;
  const auto outcome = co_await asker.client.exchange(call, request, response);
  if (!outcome) {
    const Failure& failure = outcome.error();
    const bool untold =
        blame_of(failure) != Blame::backend && failure.error.kind != ErrorKind::too_large;
    if (untold) co_return std::nullopt;
    co_return failure.error.message;
  }
  co_return asker.probe.fault ? asker.probe.fault(response) : std::string();
}

void HealthChecker::Run::note(std::size_t server, const std::string& fault, unsigned in_row) {
  {
    const MutexLock lock(mutex);
    faults[server] = fault;
  }
  ServerState& state = *states[server];
  if (state.healthy() && !fault.empty() && in_row >= check.fails) {
    state.set_healthy(false);
    logger.warn(pool + ": " + (*servers)[server].url + " is unhealthy: " + fault);
  } else if (!state.healthy() && fault.empty() && in_row >= check.passes) {
    state.set_healthy(true);
    logger.info(pool + ": " + (*servers)[server].url + " is healthy again");
  }
}

HealthChecker::HealthChecker(std::shared_ptr<HealthThread> thread, std::string pool,
                             std::vector<Server> servers, ServerStates states, HealthCheck check,
                             Logger logger)
    : thread_(std::move(thread)),
      run_(std::make_shared<Run>(thread_->loop(), std::move(pool), std::move(servers),
                                 std::move(states), std::move(check), std::move(logger))) {
  thread_->loop().post([run = run_] {
    for (std::size_t i = 0; i < run->servers->size(); ++i) {
      run->tasks.push_back(run->watch(i));
      run->tasks.back().start();
    }
  });
}

// The tasks belong to the thread, so they end there.
HealthChecker::~HealthChecker() {
  thread_->loop().post([run = std::move(run_)]() mutable { run.reset(); });
}

std::string HealthChecker::fault(std::size_t server) const {
  const MutexLock lock(run_->mutex);
  return run_->faults[server];
}

}  // namespace sluice::backend
