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
#include "server/memory_pressure.h"
#include "server/snapshot.h"

namespace sluice::server {

class ServedExchange {
 public:
  // `stream` is the client's connection, `memory` what it holds; all outlive this.
  ServedExchange(CoreServer& server, const net::Stream& stream,
                 const std::shared_ptr<MemoryHolder>& memory);

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
  // Its head is complete: from here on this generation of the server holds. `bytes`: of the head.
  void head_complete(std::size_t bytes);
  [[nodiscard]] std::size_t head_bytes() const { return head_memory_.bytes(); }
  // Fields that followed the body.
  void add_trailers(const http::Headers& trailers);
  // Names the pipeline and does what the rule says to the head. 0, or the status to refuse with:
  // 503 with Retry-After for an unknown user under overload.
  [[nodiscard]] int route();
  // There is a body. 413 if one of this length is not wanted, 503 if none is now, else 0.
  [[nodiscard]] int check_body(std::optional<std::uint64_t> length);
  // Takes the body in, or leaves it to be streamed. 0, or the status to refuse with.
  Task<int> take_body(http::Body body);
  // Runs the pipeline; the owner destroys the Task when the client goes first.
  [[nodiscard]] Task<void> run() { return pipeline_->handle(exchange_); }
  // After run(): 0, or the status to answer with.
  [[nodiscard]] int outcome();
  // The response to send: the pipeline's for status 0, else an empty one of that status; 503 if
  // there is no memory for it.
  http::Response& respond(int status);
  // Under overload: the pipeline knows the user of the last request that asked it.
  [[nodiscard]] bool is_known() const { return known_; }
  // The codec refuses what it read: an empty response, with `reason` as a tag.
  http::Response& refuse(int status, std::string reason);
  // The request is refused by `limit`: counted, and a tag in the access log.
  void note_refusal(observe::Limit limit);
  // After route(): whether `what` is refused to this user for want of memory.
  [[nodiscard]] bool sheds(Pressure what);
  // The response has left, or nobody waits for it any more (499): statistics and access log.
  void record(int status, std::uint64_t bytes_received, std::uint64_t bytes_sent);

 private:
  [[nodiscard]] bool is_shed();
  [[nodiscard]] int no_pipeline(const std::string& name);
  [[nodiscard]] int answer_for_server();
  [[nodiscard]] int check_client();
  [[nodiscard]] bool hold_response();
  [[nodiscard]] std::size_t waiting_head_bytes();

  CoreServer& server_;
  Worker& worker_;
  const net::Stream& stream_;
  std::shared_ptr<const pipeline::Pipeline> pipeline_;  // until its response is recorded
  pipeline::Exchange exchange_;  // after the pipeline, to whose filters its sides may refer
  MemoryCharge head_memory_;
  MemoryCharge body_memory_;
  MemoryCharge response_memory_;
  std::optional<ClientTable::Held> client_stream_;
  unsigned retry_after_ = 0;  // seconds; of a refusal
  std::shared_ptr<const ServerPrototype> prototype_;
  std::int64_t body_bytes_max_ = 0;  // negative: streamed
  std::string method_;
  std::string target_;  // as received; only kept for the access log
  std::string allow_;   // of the response that is no pipeline's
  bool shed_ = false;   // 503 with Retry-After
  bool late_ = false;   // has waited for longer than overload.target
  bool known_ = false;
  bool retry_soon_ = false;  // the pipeline is being built
  std::chrono::system_clock::time_point started_at_;
  TimePoint started_;
  std::vector<observe::AccessEntry::Step> steps_;  // scratch
};

}  // namespace sluice::server
