// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/handover/courier.h"

#include <utility>

#include "backend/blame.h"
#include "filters/wasm_host/handover/message.h"

namespace sluice::filters {
namespace {

constexpr int kStatusAnswered = 200;
// Connecting to a member of the same cluster takes milliseconds. A look-up that takes longer goes
// on behind, and the next exchange finds its addresses.
constexpr Duration kConnectMax = std::chrono::seconds(1);
// The owner may wait for its store for long, and gives no byte meanwhile.
constexpr Duration kAnswerSilenceMax = std::chrono::hours(2);

}  // namespace

std::shared_ptr<backend::Client> HttpCourier::client_of(const std::string& address) {
  const auto known = peers_.find(address);
  if (known != peers_.end() && known->second.client) return known->second.client;
  auto server = backend::parse_server_url((tls_ ? "https://" : "http://") + address);
  if (!server) return nullptr;
  server->http2 = true;
  if (known == peers_.end() && peers_.size() >= kPeersMax)
    std::erase_if(peers_, [](const auto& peer) { return peer.second.client.use_count() <= 1; });
  backend::ClientOptions options;
  options.connector.connect_timeout = kConnectMax;
  options.connector.handshake_timeout = kConnectMax;
  options.connector.tls = tls_;
  options.silence_max = kAnswerSilenceMax;
  Peer& peer = peers_[address];
  auto servers = std::make_shared<const backend::Servers>(backend::Servers{*std::move(server)});
  backend::ServerStates states{std::make_shared<backend::ServerState>(core_.count, peer.addresses)};
  peer.client =
      std::make_shared<backend::Client>(core_, std::move(servers), std::move(states), options);
  return peer.client;
}

// A member that does not answer may be gone without a word. Only new connections tell.
void HttpCourier::forget(const std::string& address,
                         const std::shared_ptr<backend::Client>& client) {
  const auto known = peers_.find(address);
  if (known != peers_.end() && known->second.client == client) known->second.client.reset();
}

Task<Courier::Outcome> HttpCourier::carry(std::string address, std::string message,
                                          TimePoint deadline) {
  return post(std::move(address), kRunPath, std::move(message), deadline);
}

Task<Courier::Outcome> HttpCourier::post(std::string address, std::string path, std::string message,
                                         TimePoint deadline) {
  http::Request request;
  request.method = "POST";
  request.escaped_path = std::move(path);
  request.body.assign(std::move(message));
  return exchange(std::move(address), std::move(request), deadline);
}

Task<Courier::Outcome> HttpCourier::fetch(std::string address, std::string path, std::string query,
                                          TimePoint deadline) {
  http::Request request;
  request.method = "GET";
  request.escaped_path = std::move(path);
  request.query = std::move(query);
  request.has_query = true;
  return exchange(std::move(address), std::move(request), deadline);
}

Task<Courier::Outcome> HttpCourier::exchange(std::string address, http::Request request,
                                             TimePoint deadline) {
  const auto client = client_of(address);
  if (!client) {
    co_return Outcome{fail(ErrorKind::invalid, "\"" + address + "\" is no address"), false};
  }
  request.version = http::Version::http2;
  request.scheme = tls_ ? "https" : "http";
  request.host = address;
  http::Response response;
  const backend::Call call{.deadline = deadline,
                           .body_bytes_max = static_cast<std::int64_t>(kHandedBytesMax)};
  auto done = co_await client->exchange(call, request, response);
  if (!done) {
    if (done.error().error.kind == ErrorKind::timed_out) forget(address, client);
    const bool sent = !backend::is_unsent(done.error().stage);
    co_return Outcome{std::unexpected(std::move(done).error().error), sent};
  }
  if (response.status != kStatusAnswered || response.body.is_stream()) {
    co_return Outcome{
        fail(ErrorKind::unavailable, "the cluster port of " + address + " answers with status " +
                                         std::to_string(response.status)),
        true, true};
  }
  co_return Outcome{std::string(response.body.bytes()), true, true};
}

}  // namespace sluice::filters
