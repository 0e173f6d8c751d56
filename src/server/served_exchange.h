// SPDX-License-Identifier: Apache-2.0
// ServedExchange: the state of serving one request of any HTTP version: the exchange, the
// generation of server and pipeline on which it runs, and its record for statistics and log. The
// codec fills the request and sends the response. Core-bound; clear() makes it ready for the next
// request.
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
  // `stream` is the client's connection, `memory` its holder. Requires: all outlive this.
  ServedExchange(CoreServer& server, const net::Stream& stream,
                 const std::shared_ptr<MemoryHolder>& memory);

  [[nodiscard]] pipeline::Exchange& exchange() { return exchange_; }
  [[nodiscard]] http::Request& request() { return exchange_.client_request(); }
  [[nodiscard]] const HttpServerSpec& spec() const { return prototype_->spec; }
  // The method as received: filters may change the one of the request.
  [[nodiscard]] const std::string& method() const { return method_; }

  // The steps of a request, in this order.

  // Restores the initial state, on the newest generation.
  void clear();
  // The first bytes of a request have arrived.
  void begin();
  // The head is complete, and has `bytes` bytes. Invariant: the generation of the server does not
  // change from here on.
  void head_complete(std::size_t bytes);
  [[nodiscard]] std::size_t head_bytes() const { return head_memory_.bytes(); }
  // Adds the trailers of the request.
  void add_trailers(const http::Headers& trailers);
  // Chooses the pipeline and applies the rule to the head. Returns 0, or the status to refuse with:
  // 503 with Retry-After for an unknown user under overload.
  [[nodiscard]] int route();
  // Call it if the request has a body. Returns 413 if `length` is too large, 503 if no body is
  // accepted now, else 0.
  [[nodiscard]] int check_body(std::optional<std::uint64_t> length);
  // Reads the body, or leaves it to be streamed. Returns 0, or the status to refuse with.
  Task<int> take_body(http::Body body);
  // Runs the pipeline. The owner destroys the Task if the client leaves first.
  [[nodiscard]] Task<void> run() { return pipeline_->handle(exchange_); }
  // After run(): 0, or the status to answer with.
  [[nodiscard]] int outcome();
  // Returns the response to send: that of the pipeline if `status` is 0, else an empty one with
  // that status; 503 if there is no memory for it.
  http::Response& respond(int status);
  // Under overload: the pipeline knows the user of the last request that asked it.
  [[nodiscard]] bool is_known() const { return known_; }
  // The codec refuses the input: returns an empty response, with `reason` as a tag.
  http::Response& refuse(int status, std::string reason);
  // Counts that `limit` refused the request, and tags it in the access log.
  void note_refusal(observe::Limit limit);
  // Requires: route() was called. True if `what` is refused to this user for lack of memory.
  [[nodiscard]] bool sheds(Pressure what);
  // Records the exchange in statistics and access log, once the response was sent or the client
  // left (499).
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
  std::shared_ptr<const pipeline::Pipeline> pipeline_;  // kept until the response is recorded
  pipeline::Exchange exchange_;  // after the pipeline, to whose filters its sides may refer
  MemoryCharge head_memory_;
  MemoryCharge body_memory_;
  MemoryCharge response_memory_;
  std::optional<ClientTable::Held> client_stream_;
  unsigned retry_after_ = 0;  // seconds, for a refusal
  std::shared_ptr<const ServerPrototype> prototype_;
  std::int64_t body_bytes_max_ = 0;  // negative: streamed
  std::string method_;
  std::string target_;  // as received; kept only for the access log
  std::string allow_;   // the Allow field of a response that no pipeline made
  bool shed_ = false;   // 503 with Retry-After
  bool late_ = false;   // has waited for longer than overload.target
  bool known_ = false;
  bool retry_soon_ = false;  // the pipeline is being built
  std::chrono::system_clock::time_point started_at_;
  TimePoint started_;
  std::vector<observe::AccessEntry::Step> steps_;  // scratch
};

}  // namespace sluice::server
