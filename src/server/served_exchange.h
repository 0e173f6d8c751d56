// SPDX-License-Identifier: Apache-2.0
// ServedExchange: what serving one request takes, whatever version of HTTP it came by: the
// exchange, the generation of server and pipeline it runs on, and what is recorded of it. The codec
// fills the request and sends the response. Core-bound; reused for the next request after clear().
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loop/task.h"
#include "net/stream.h"
#include "pipeline/exchange.h"
#include "server/core_server.h"
#include "server/snapshot.h"

namespace sluice::server {

class ServedExchange {
 public:
  // `stream` is the client's connection; both outlive this.
  ServedExchange(CoreServer& server, const net::Stream& stream);

  [[nodiscard]] pipeline::Exchange& exchange() { return exchange_; }
  [[nodiscard]] http::Request& request() { return exchange_.client_request(); }
  [[nodiscard]] const router::HttpServerSpec& spec() const { return prototype_->spec; }
  // As received: filters may change the request's.
  [[nodiscard]] const std::string& method() const { return method_; }

  // The steps of a request, in this order.

  // As before the first request, on the newest generation.
  void clear();
  // The first bytes of a request are here.
  void begin();
  // Its head is complete: from here on this generation of the server holds.
  void head_complete();
  // Names the pipeline and does what the rule says to the head. 0, or the status to refuse with:
  // 503 with Retry-After for an unknown user under overload.
  [[nodiscard]] int route();
  // 413 if a body of this length is not wanted, else 0.
  [[nodiscard]] int check_length(std::optional<std::uint64_t> length) const;
  // Takes the body in, or leaves it to be streamed. 0, or the status to refuse with.
  Task<int> take_body(http::Body body);
  // Runs the pipeline; the owner destroys the Task when the client goes first.
  [[nodiscard]] Task<void> run() { return pipeline_->handle(exchange_); }
  // After run(): 0, or the status to answer with.
  [[nodiscard]] int outcome();
  // The response to send: the pipeline's for status 0, else an empty one of that status.
  http::Response& respond(int status);
  // The response is a refusal that is to end the connection.
  [[nodiscard]] bool ends_connection() const { return ends_connection_; }
  // The codec refuses what it read: an empty response, with `reason` as a tag.
  http::Response& refuse(int status, std::string reason);
  // The response has left, or nobody waits for it any more (499): statistics and access log.
  void record(int status, std::uint64_t bytes_received, std::uint64_t bytes_sent);

 private:
  [[nodiscard]] bool is_shed();
  [[nodiscard]] int no_pipeline(const std::string& name);
  [[nodiscard]] int answer_for_server();

  CoreServer& server_;
  Worker& worker_;
  const net::Stream& stream_;
  pipeline::Exchange exchange_;
  std::shared_ptr<const ServerPrototype> prototype_;
  std::shared_ptr<const pipeline::Pipeline> pipeline_;  // until its response is recorded
  std::int64_t body_bytes_max_ = 0;                     // negative: streamed
  std::string method_;
  std::string target_;  // as received; only kept for the access log
  std::string allow_;   // of the response that is no pipeline's
  bool shed_ = false;   // 503 with Retry-After
  bool ends_connection_ = false;
  bool retry_soon_ = false;  // the pipeline is being built
  std::chrono::system_clock::time_point started_at_;
  TimePoint started_;
  std::vector<observe::AccessEntry::Step> steps_;  // scratch
};

}  // namespace sluice::server
