// SPDX-License-Identifier: Apache-2.0
#include "tracing/collector.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/time.h"
#include "http/date.h"
#include "http/deflater.h"
#include "net/tls/tls_client_context.h"
#include "tracing/endpoint_url.h"

namespace sluice::tracing {
namespace {

constexpr std::size_t kGrpcPrefixBytes = 5;  // a flag for compression, and the length

bool is_grpc(const Endpoint& endpoint) { return endpoint.protocol == Protocol::otlp_grpc; }

// The end of "http://host:port".
std::size_t end_of_origin(std::string_view url) {
  return std::min(url.size(), url.find('/', url.find("://") + 3));
}

std::string gzipped(std::string_view bytes) {
  http::Deflater deflater;
  std::string out;
  deflater.feed(bytes, http::Deflater::Flush::finish, out);
  return out;
}

// Seconds, or a date (RFC 9110 section 10.2.3). Zero for another text.
Duration retry_after(std::string_view text) {
  constexpr std::int64_t kSecondsMax = 3600;
  if (const auto seconds = to_number<std::uint32_t>(text))
    return std::chrono::seconds(std::min<std::int64_t>(*seconds, kSecondsMax));
  const std::int64_t now = unix_time_ms() / 1000;
  const auto date = http::parse_date(text, now);
  return std::chrono::seconds(date ? std::clamp<std::int64_t>(*date - now, 0, kSecondsMax) : 0);
}

std::string framed(std::string_view message, bool compressed) {
  std::string out;
  out.reserve(message.size() + kGrpcPrefixBytes);
  out.push_back(compressed ? '\1' : '\0');
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(message.size() >> shift & 0xff));
  out += message;
  return out;
}

std::unique_ptr<backend::Client> make_client(const loop::Core& core, const Endpoint& endpoint,
                                             backend::Server server) {
  backend::ClientOptions options;
  options.offers_http2 = is_grpc(endpoint);
  options.connector.connect_timeout = std::min(options.connector.connect_timeout, endpoint.timeout);
  if (server.secure) {
    net::TlsClientOptions tls;
    tls.authorities = endpoint.authorities;
    if (is_grpc(endpoint)) tls.protocols = {"h2"};
    auto context = net::TlsClientContext::create(tls);
    if (!context) return nullptr;
    options.connector.tls = *std::move(context);
  } else {
    server.http2 = is_grpc(endpoint);
  }
  backend::ServerStates states{std::make_shared<backend::ServerState>(1)};
  auto servers = std::make_shared<const backend::Servers>(backend::Servers{std::move(server)});
  return std::make_unique<backend::Client>(core, std::move(servers), std::move(states), options);
}

// What OTLP names as worth a repetition.
bool is_transient(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

// The codes of gRPC that OTLP names as such.
bool is_transient_grpc(unsigned code) {
  constexpr std::array<unsigned, 7> kCodes{1, 4, 8, 10, 11, 14, 15};
  return std::ranges::find(kCodes, code) != kCodes.end();
}

std::optional<unsigned> grpc_status(const http::Response& response) {
  const http::Headers* trailers = response.body.trailers();
  auto text = trailers != nullptr ? trailers->get("grpc-status") : std::nullopt;
  if (!text) text = response.headers.get("grpc-status");
  return text ? to_number<unsigned>(*text) : std::nullopt;
}

}  // namespace

bool CollectorCounts::note(const std::string& error) {
  const MutexLock lock(mutex_);
  return std::exchange(error_, error) != error;
}

CollectorFigures CollectorCounts::figures() const {
  const MutexLock lock(mutex_);
  return {url_, sent_.load(), dropped_.load(), error_};
}

Collector::Collector(const loop::Core& core, const Settings& settings, const Endpoint& endpoint,
                     std::shared_ptr<CollectorCounts> counts, Logger logger,
                     std::function<void()> on_room)
    : settings_(settings),
      endpoint_(endpoint),
      counts_(std::move(counts)),
      logger_(std::move(logger)),
      on_room_(std::move(on_room)),
      target_(endpoint.url.substr(end_of_origin(endpoint.url))),
      changed_(core.loop) {
  auto server = backend::parse_server_url(endpoint.url.substr(0, end_of_origin(endpoint.url)));
  if (!server) {
    fault_ = server.error().message;
  } else {
    client_ = make_client(core, endpoint_, *std::move(server));
    if (!client_) fault_ = "the authorities for its certificate cannot be used";
  }
}

void Collector::take(std::shared_ptr<const Batch> batch) {
  if (!has_room()) return counts_->dropped(batch->spans);
  pending_.push_back(std::move(batch));
  changed_.notify();
}

void Collector::hurry() {
  hurried_ = true;
  changed_.notify();
}

Task<void> Collector::run() {
  while (true) {
    if (pending_.empty()) {
      co_await changed_.wait();
      continue;
    }
    const std::shared_ptr<const Batch> batch = pending_.front();
    co_await deliver(*batch);
    pending_.pop_front();
    on_room_();
  }
}

// After a failure, the pause before the next try grows, whichever batch that is for. So a collector
// that is away costs a connection in half a minute.
Task<void> Collector::deliver(const Batch& batch) {
  const TimePoint end = Clock::now() + endpoint_.timeout;
  const auto bytes = std::make_shared<const std::string>(encode(batch));
  while (true) {
    const Tried tried = co_await send(bytes, end);
    note(tried.error);
    if (tried.error.empty()) {
      pause_ = kFirstPause;
      counts_->sent(batch.spans - std::min(batch.spans, tried.rejected));
      counts_->dropped(std::min(batch.spans, tried.rejected));
      co_return;
    }
    const TimePoint next = Clock::now() + std::max(tried.wait, pause_);
    pause_ = std::min(pause_ * 2, kPauseMax);
    const bool last = !tried.again || next >= end || hurried_;
    if (last) counts_->dropped(batch.spans);
    while (!hurried_ && Clock::now() < next) {
      co_await changed_.wait(next);
    }
    if (last) co_return;
  }
}

Task<Collector::Tried> Collector::send(std::shared_ptr<const std::string> bytes,
                                       TimePoint deadline) {
  if (!client_) {
    Tried never{fault_};
    co_return never;
  }
  http::Request request = request_for(std::move(bytes));
  http::Response response;
  backend::Call call;
  call.deadline = deadline;
  call.body_bytes_max = kAnswerBytesMax;
  auto outcome = co_await client_->exchange(call, request, response);
  // The collector may have closed the kept connection meanwhile.
  if (!outcome && outcome.error().error.kind == ErrorKind::closed) {
    response.clear();
    outcome = co_await client_->exchange(call, request, response);
  }
  if (!outcome) {
    Tried failed{outcome.error().error.message, true};
    co_return failed;
  }
  co_return judge(response);
}

http::Request Collector::request_for(std::shared_ptr<const std::string> bytes) const {
  http::Request request;
  request.method = "POST";
  (void)request.set_target(target_);
  request.headers.add("User-Agent", "sluice/" SLUICE_VERSION);
  const bool json = endpoint_.protocol == Protocol::zipkin;
  request.headers.add("Content-Type", json                 ? "application/json"
                                      : is_grpc(endpoint_) ? "application/grpc"
                                                           : "application/x-protobuf");
  if (endpoint_.gzip)
    request.headers.add(is_grpc(endpoint_) ? "grpc-encoding" : "Content-Encoding", "gzip");
  for (const auto& [name, value] : endpoint_.headers) request.headers.set(name, value);
  request.wants_trailers = is_grpc(endpoint_);
  request.body.share(std::move(bytes));
  return request;
}

std::string Collector::encode(const Batch& batch) const {
  std::string bytes = endpoint_.protocol == Protocol::zipkin ? encode_zipkin(batch, settings_)
                                                             : encode_otlp(batch, settings_);
  if (endpoint_.gzip) bytes = gzipped(bytes);
  return is_grpc(endpoint_) ? framed(bytes, endpoint_.gzip) : bytes;
}

Collector::Tried Collector::judge(const http::Response& response) const {
  Tried tried;
  if (response.status < 200 || response.status > 299) {
    tried.error = "it answers with status " + std::to_string(response.status);
    tried.again = is_transient(response.status);
    tried.wait = retry_after(response.headers.get("Retry-After").value_or(""));
    return tried;
  }
  std::string_view answer = response.body.bytes();
  if (is_grpc(endpoint_)) {
    const auto code = grpc_status(response);
    if (code != 0U) {
      tried.error =
          code ? "it answers with gRPC status " + std::to_string(*code) : "it does not speak gRPC";
      tried.again = code && is_transient_grpc(*code);
      return tried;
    }
    answer.remove_prefix(std::min(answer.size(), kGrpcPrefixBytes));
  }
  if (endpoint_.protocol != Protocol::zipkin) tried.rejected = rejected_spans(answer);
  return tried;
}

void Collector::note(const std::string& error) {
  const bool other = counts_->note(error);
  if (error.empty()) {
    if (std::exchange(told_, false))
      logger_.info("tracing: " + shown_url(endpoint_.url) + " takes spans");
    return;
  }
  const TimePoint now = Clock::now();
  if ((told_ && !other) || now < quiet_until_) return;
  told_ = true;
  quiet_until_ = now + kQuiet;
  logger_.warn("tracing: " + shown_url(endpoint_.url) + ": " + error +
               "; its spans wait, then are dropped");
}

}  // namespace sluice::tracing
