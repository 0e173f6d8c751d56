// SPDX-License-Identifier: Apache-2.0
#include "server/served_exchange.h"

#include <utility>

#include "http/announced_body.h"
#include "http/body_memory.h"
#include "http/withheld_trailers.h"
#include "router/client_address.h"
#include "server/limits.h"
#include "server/logged_fields.h"
#include "server/request_id.h"
#include "server/request_span.h"

namespace sluice::server {

namespace {

// The Retry-After of a pipeline that is being built.
constexpr std::string_view kRetrySoonSeconds = "2";
// The methods that a backend, a guest or a mock may accept.
constexpr const char* kMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

// Returns the status for a body that did not arrive whole.
int status_of(ErrorKind kind) {
  if (kind == ErrorKind::too_large) return 413;
  return kind == ErrorKind::timed_out ? 408 : 400;
}

}  // namespace

ServedExchange::ServedExchange(ServerContext& server, const PeerInfo& peer,
                               const std::shared_ptr<MemoryHolder>& memory)
    : server_(server),
      core_(server.core()),
      peer_(peer),
      exchange_(core_.core()),
      head_memory_(*memory, MemoryUse::heads),
      body_memory_(*memory, MemoryUse::request_bodies),
      response_memory_(*memory, MemoryUse::responses),
      prototype_(server.prototype()) {
  exchange_.memory = memory;
  exchange_.certificates = peer_.certificates;
  exchange_.custom_data = &core_.custom_data();
}

void ServedExchange::clear() {
  exchange_.clear();
  head_memory_.clear();
  body_memory_.clear();
  response_memory_.clear();
  client_stream_.reset();
  retry_after_ = 0;
  route_ = nullptr;
  prototype_ = server_.prototype();
  pipeline_.reset();
  global_filter_.reset();
  method_.clear();
  target_.clear();
  host_.clear();
  request_id_.clear();
  allow_.clear();
  shed_ = false;
  retry_soon_ = false;
}

void ServedExchange::begin() {
  started_ = Clock::now();
  started_at_ =
      core_.access_log() != nullptr ? std::chrono::system_clock::now() : decltype(started_at_){};
  late_ = server_.overload().note_request(started_, core_.loop().waited(started_));
}

void ServedExchange::head_complete(std::size_t bytes) {
  head_memory_.set(bytes + request().headers.size() * sizeof(http::Field));
  prototype_ = server_.prototype();
  method_ = request().method;
  const observe::AccessLog* access_log = core_.access_log();
  if (access_log == nullptr) return;
  target_ = request().target();
  if (access_log->has_host(prototype_->access_format)) host_ = request().host;
}

void ServedExchange::add_trailers(const http::Headers& trailers) {
  std::size_t bytes = 0;
  for (const http::Field& field : trailers)
    bytes += field.name.size() + field.value.size() + sizeof field;
  head_memory_.set(head_memory_.bytes() + bytes);
}

int ServedExchange::route() {
  http::Request& request = exchange_.client_request();
  request.scheme = peer_.secure ? "https" : "http";
  exchange_.peer = peer_.address;
  auto client = prototype_->trusted_proxies.identify(request, peer_.ip());
  exchange_.real_ip = std::move(client.ip);
  if (prototype_->spec.request_id) [[unlikely]]
    set_request_id(prototype_->trusted_proxies.contains(peer_.ip()));
  if (prototype_->tracer) [[unlikely]]
    begin_trace();
  if (client.disowned) exchange_.add_tag("forwarding fields dropped: not from trustedProxies");

  if (!prototype_->spec.health_path.empty() && asks_for_health()) [[unlikely]]
    return prototype_->router.admits(exchange_.real_ip) ? (core_.ready() ? 200 : 503) : 403;
  if (const int status = check_client(); status != 0) return status;
  if (request.escaped_path == "*") return answer_for_server();
  const router::Arrival arrival = prototype_->router.receive(request);
  if (arrival.changed && !target_.empty()) target_ = request.target();
  const router::Match match = prototype_->router.route(request, exchange_.real_ip, arrival.doubts);
  if (match.status != 0) {
    allow_ = match.allow;
    if (*match.reason != 0) exchange_.add_tag(std::string("path refused: ") + match.reason);
    return match.status;
  }
  if (match.route->place < prototype_->routes.size())
    route_ = prototype_->routes[match.route->place].get();
  if (exchange_.trace.sampled()) [[unlikely]]
    note_route(exchange_.trace, *match.route);
  pipeline_ = core_.pipeline(match.route->backend);
  if (!pipeline_) return refuse_absent("pipeline", match.route->backend);
  if (!prototype_->spec.global_filter.empty()) [[unlikely]] {
    if (const int status = take_global_filter(); status != 0) return status;
  }
  exchange_.route.path_prefix = match.route->path().matched_prefix(request.path);
  match.route->path().capture(request.path, exchange_.route.captures);
  if (match.route->sets_headers()) {
    match.route->set_headers(
        request, {exchange_.real_ip, Clock::now() - started_, &exchange_.route.captures});
  }
  if (const int status = match.route->rewrite(request); status != 0) {
    if (status == 400) exchange_.add_tag("path refused: dot segments after rewriteTarget");
    return status;
  }
  if (is_shed()) return 503;
  if (prototype_->spec.x_forwarded_for) router::append_forwarded_for(request, exchange_.real_ip);

  body_bytes_max_ = match.route->client_max_body_size;
  if (body_bytes_max_ == 0) body_bytes_max_ = prototype_->spec.client_max_body_size;
  if (body_bytes_max_ == 0) body_bytes_max_ = kDefaultBodyBytesMax;
  return 0;
}

// The other process, which serves the request, gives the id.
void ServedExchange::set_request_id(bool trusted) {
  if (prototype_->handed_over) return;
  const RequestIdSpec& spec = *prototype_->spec.request_id;
  request_id_ = settle_request_id(request().headers, spec.header, trusted && spec.trusts_proxies(),
                                  server_.ids());
}

// prototype_ keeps the Tracer alive as long as the exchange.
void ServedExchange::begin_trace() {
  exchange_.trace.begin(*prototype_->tracer, core_.core().index, request(), started_);
  if (exchange_.trace.sampled()) note_request(exchange_.trace, request(), exchange_);
}

// Runs before the body is read and before any filter, so that a refused request uses no permit. The
// pipeline is asked whether it knows the user only under overload.
bool ServedExchange::is_shed() {
  known_ = server_.overload().is_on(started_) && knows_user();
  if (!late_) return false;
  auto& cells = prototype_->counters->overload.at(core_.core().index);
  if (known_) {
    cells.known.add();
    return false;
  }
  cells.shed.add();
  exchange_.add_tag("shed: overload");
  shed_ = true;
  return true;
}

// Without the filters that it names, the server would let too many in.
int ServedExchange::take_global_filter() {
  const std::string& name = prototype_->spec.global_filter;
  global_filter_ = core_.global_filter(name);
  return global_filter_ ? 0 : refuse_absent("global filter", name);
}

bool ServedExchange::knows_user() {
  if (pipeline_->knows(request())) return true;
  if (!global_filter_) return false;
  const auto knows = [this](const auto& flow) { return flow && flow->knows(request()); };
  return knows(global_filter_->before) || knows(global_filter_->after);
}

Task<void> ServedExchange::run_flows() {
  const CoreContext::GlobalFilter& global = *global_filter_;
  const bool has_after = global.after != nullptr;
  bool ended = false;
  if (global.before) {
    co_await global.before->run_flow(
        exchange_,
        {.after_last_node = true, .after_early_end = global.fallthrough.before_pipeline});
    ended = exchange_.ended_early && !global.fallthrough.before_pipeline;
  }
  if (!ended) {
    co_await pipeline_->run_flow(exchange_,
                                 {.after_last_node = has_after,
                                  .after_early_end = has_after && global.fallthrough.pipeline});
    ended = exchange_.ended_early && !global.fallthrough.pipeline;
    if (!ended && has_after) co_await global.after->run_flow(exchange_, {});
    exchange_.pipeline_name = pipeline_->prototype().name();
  }
  co_await pipeline::Pipeline::respond(exchange_);
}

int ServedExchange::refuse_absent(const char* what, const std::string& name) {
  const AbsentPipeline* absent = core_.absent(name);
  retry_soon_ = absent != nullptr && absent->being_built;
  exchange_.add_tag(std::string(what) + " " + name +
                    (absent == nullptr ? " not found"
                     : retry_soon_     ? " is being built"
                                       : " does not run: " + absent->error));
  return 503;
}

// Answers OPTIONS *. It concerns the server as a whole, so no rule of a path applies (RFC 9110
// section 9.3.7).
int ServedExchange::answer_for_server() {
  if (!prototype_->router.admits(exchange_.real_ip)) return 403;
  allow_ = kMethods;
  return 200;
}

// A process that has handed over leaves the answer to the next one.
bool ServedExchange::asks_for_health() {
  if (prototype_->handed_over || request().path != prototype_->spec.health_path) return false;
  return method_ == "GET" || method_ == "HEAD";
}

// Returns 429 if the client's address exceeds one of its limits, else 0.
int ServedExchange::check_client() {
  const ClientLimitsSpec& limits = prototype_->spec.client_limits;
  if (limits.requests_per_second == 0 && limits.streams == 0) return 0;
  ClientTable& clients = prototype_->counters->clients;
  if (limits.requests_per_second > 0) {
    const Duration wait = clients.admit(exchange_.real_ip, ClientTable::Rate::requests,
                                        limits.requests_per_second, started_);
    if (wait > Duration::zero()) {
      note_refusal(observe::Limit::client_requests);
      retry_after_ = static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(wait).count());
      return 429;
    }
  }
  if (limits.streams == 0 || request().version != http::Version::http2) return 0;
  client_stream_ =
      clients.take(exchange_.real_ip, ClientTable::Count::streams, limits.streams, started_);
  if (client_stream_) return 0;
  note_refusal(observe::Limit::client_streams);
  retry_after_ = 1;
  return 429;
}

void ServedExchange::note_refusal(observe::Limit limit) {
  prototype_->counters->refusals.record(core_.core().index, limit);
  exchange_.add_tag("refused: " + std::string(observe::to_string(limit)));
}

// Asks the pipeline whether it knows the user only if the answer matters.
bool ServedExchange::sheds(Pressure what) {
  const MemoryPressure& pressure = core_.memory_pressure();
  if (!pressure.sheds(what)) return false;
  const bool known = pipeline_ && knows_user();
  return pressure.sheds(what, known ? Standing::known : Standing::unknown);
}

int ServedExchange::check_body(std::optional<std::uint64_t> length) {
  if (body_bytes_max_ >= 0 && length && *length > static_cast<std::uint64_t>(body_bytes_max_))
    return 413;
  if (!sheds(Pressure::bodies)) return 0;
  note_refusal(observe::Limit::memory_bodies);
  retry_after_ = kRetryAfterSeconds;
  return 503;
}

Task<int> ServedExchange::take_body(http::Body body) {
  http::Request& request = exchange_.client_request();
  request.body = std::move(body);
  const http::FieldTwins& owned = prototype_->router.owned_fields();
  if (!prototype_->request_id_fields.empty()) [[unlikely]]
    http::withhold_trailers(request.body, prototype_->request_id_fields);
  if (body_bytes_max_ < 0) {
    http::withhold_trailers(request.body, owned);
    co_return 0;
  }
  const auto bytes_max = static_cast<std::uint64_t>(body_bytes_max_);
  http::BodyMemory memory{body_memory_, bytes_max + kConnectionSpareBytes};
  const auto whole = co_await request.body.buffer(bytes_max, &memory);
  if (whole) {
    http::withhold_trailers(request.body, owned);
    co_return 0;
  }
  request.body.clear();
  body_memory_.clear();
  if (whole.error().kind == ErrorKind::unavailable) {
    note_refusal(memory.refusal == MemoryRefusal::holder ? observe::Limit::connection_memory
                                                         : observe::Limit::memory_bodies);
    retry_after_ = kRetryAfterSeconds;
    co_return 503;
  }
  exchange_.add_tag("body: " + whole.error().message);
  co_return status_of(whole.error().kind);
}

int ServedExchange::outcome() {
  if (exchange_.client_response() != nullptr) return 0;
  exchange_.add_tag("no filter made a response");
  return 503;
}

// A filter may set a status that is not final. A filter may ask a backend with HEAD although the
// client waits for a body: the backend announces a length, and sends no body.
void ServedExchange::make_final() {
  http::Response& response = *exchange_.client_response();
  const bool switches = response.status == 101;  // the codec looks at the rest of it
  if (response.status < 200 && !switches) {
    exchange_.add_tag("status " + std::to_string(response.status) + " is not final");
    exchange_.new_response().status = 500;
  } else if (method_ != "HEAD" && http::AnnouncedBody::is(response.body)) {
    response.body.clear();
  }
}

http::Response& ServedExchange::respond(int status) {
  if (status > 0) exchange_.new_response().status = status;
  if (status == 0) make_final();
  if (!hold_response()) exchange_.new_response().status = 503;
  http::Response& response = *exchange_.client_response();
  show_request_id(response);
  if (retry_after_ > 0) response.headers.set("Retry-After", std::to_string(retry_after_));
  if (status > 0 && !allow_.empty()) response.headers.set("Allow", allow_);
  if (shed_) response.headers.set("Retry-After", std::to_string(server_.overload().retry_after()));
  if (status == 503 && retry_soon_) response.headers.set("Retry-After", kRetrySoonSeconds);
  return response;
}

void ServedExchange::show_request_id(http::Response& response) const {
  if (request_id_.empty() || !prototype_->spec.request_id->respond) return;
  response.headers.set(prototype_->spec.request_id->header, request_id_);
}

// Returns the size of the response's head. HTTP/2 keeps it until it is sent, which is up to the
// client.
std::size_t ServedExchange::waiting_head_bytes() {
  if (request().version != http::Version::http2) return 0;
  std::size_t bytes = 0;
  for (const http::Field& field : exchange_.client_response()->headers)
    bytes += field.name.size() + field.value.size();
  return bytes;
}

// Charges a held response, which stays here until the client has received it.
bool ServedExchange::hold_response() {
  http::Body& body = exchange_.client_response()->body;
  body.release_charge();
  const std::size_t size = body.held_bytes() + waiting_head_bytes();
  if (size <= kSmallResponseBytes) {
    response_memory_.set(size);
    return true;
  }
  const MemoryRefusal refusal = response_memory_.try_set(size, size + kConnectionSpareBytes);
  if (refusal == MemoryRefusal::none) return true;
  note_refusal(refusal == MemoryRefusal::process ? observe::Limit::memory_responses
                                                 : observe::Limit::connection_memory);
  retry_after_ = kRetryAfterSeconds;
  return false;
}

http::Response& ServedExchange::refuse(int status, std::string reason) {
  if (!reason.empty()) exchange_.add_tag(std::move(reason));
  exchange_.peer = peer_.address;
  exchange_.real_ip = peer_.ip();
  method_ = request().method;
  http::Response& response = exchange_.new_response();
  response.status = status;
  if (prototype_->spec.request_id && request_id_.empty()) set_request_id(false);
  show_request_id(response);
  return response;
}

void ServedExchange::record(int status, std::uint64_t bytes_received, std::uint64_t bytes_sent) {
  if (prototype_->handed_over || prototype_->internal) return;
  const Duration duration = Clock::now() - started_;
  prototype_->counters->stats.record(core_.core().index, status, duration, bytes_received,
                                     bytes_sent);
  RouteCounts& route = route_ != nullptr ? *route_ : prototype_->counters->routes.none();
  route.record(core_.core().index, status, duration);
  if (exchange_.trace.sampled()) [[unlikely]]
    finish_trace(exchange_, method_, status, started_ + duration);
  observe::AccessLog* access_log = core_.access_log();
  if (access_log == nullptr) return;
  tracing::TraceId trace;
  if (access_log->has_trace_id(prototype_->access_format)) trace = exchange_.trace.id();
  steps_.clear();
  for (const auto& step : exchange_.steps)
    steps_.push_back({step.alias, step.result, step.duration});
  std::string request_fields;
  std::string response_fields;
  if (prototype_->access_format.has_fields()) [[unlikely]] {
    request_fields = logged_fields(request().headers);
    if (const http::Response* response = exchange_.response())
      response_fields = logged_fields(response->headers);
  }
  access_log->write(core_.core().index, prototype_->access_format,
                    {.start = started_at_,
                     .duration = duration,
                     .peer = exchange_.peer,
                     .real_ip = exchange_.real_ip,
                     .method = method_,
                     .target = target_,
                     .protocol = http::to_string(request().version),
                     .status = status,
                     .request_bytes = bytes_received,
                     .response_bytes = bytes_sent,
                     .pipeline = exchange_.pipeline_name,
                     .steps = steps_,
                     .tags = exchange_.tags(),
                     .request_fields = request_fields,
                     .response_fields = response_fields,
                     .server = prototype_->spec.name,
                     .host = host_,
                     .route = route.route(),
                     .trace_id = {trace.high, trace.low},
                     .request_id = request_id_});
}

}  // namespace sluice::server
