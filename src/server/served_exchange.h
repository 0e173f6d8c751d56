// SPDX-License-Identifier: Apache-2.0
// ServedExchange: serving one request of any HTTP version: the exchange, the generation of server
// and pipeline on which it runs, the steps from the head of the request to the response, and the
// record for statistics and log. The codec fills the request and sends the response. Core-bound;
// clear() makes it ready for the next request.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loop/task.h"
#include "pipeline/exchange.h"
#include "server/memory_pressure.h"
#include "server/peer_info.h"
#include "server/request_source.h"
#include "server/server_context.h"

namespace sluice::server {

class ServedExchange {
 public:
  // `peer` is the client, `memory` the holder of its connection. Requires: all outlive this.
  ServedExchange(ServerContext& server, const PeerInfo& peer,
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
  // Routes the request, reads its body, runs the pipeline and makes the response. The owner
  // destroys the Task if the client leaves first. Requires: `source` outlives the Task.
  template <RequestSource Source>
  [[nodiscard]] Task<Answer> answer(Source& source);
  // Returns the response to send: that of the pipeline if `status` is 0, else an empty one with
  // that status; 503 if there is no memory for it.
  http::Response& respond(int status);
  // In place of answer(): the codec refuses the input. Returns an empty response, with `reason` as
  // a tag.
  http::Response& refuse(int status, std::string reason);
  // Counts that `limit` refused the request, and tags it in the access log.
  void note_refusal(observe::Limit limit);
  // Requires: the request was routed. True if `what` is refused to this user for lack of memory.
  [[nodiscard]] bool sheds(Pressure what);
  // Records the exchange in statistics and access log, once the response was sent or the client
  // left (499).
  void record(int status, std::uint64_t bytes_received, std::uint64_t bytes_sent);

 private:
  // Chooses the pipeline and applies the rule to the head. Returns 0, or the status to refuse with:
  // 503 with Retry-After for an unknown user under overload.
  [[nodiscard]] int route();
  void begin_trace();
  // Gives the request its id. `trusted`: the peer is a trusted proxy.
  void set_request_id(bool trusted);
  void show_request_id(http::Response& response) const;
  // Returns 413 if `length` is too large, 503 if no body is accepted now, else 0.
  [[nodiscard]] int check_body(std::optional<std::uint64_t> length);
  // Reads the body, or leaves it to be streamed. Returns 0, or the status to refuse with.
  Task<int> take_body(http::Body body);
  // Makes the response of the pipeline an answer to this request: final, and with the body that its
  // head announces.
  void make_final();
  // After the run: returns 0, or the status to answer with.
  [[nodiscard]] int outcome();
  // Runs the pipeline, and the flows of the GlobalFilter around it.
  [[nodiscard]] Task<void> handle() {
    return global_filter_ ? run_flows() : pipeline_->handle(exchange_);
  }
  Task<void> run_flows();
  // Finds the GlobalFilter that the server names. Returns 0, or 503 if it does not run.
  [[nodiscard]] int take_global_filter();
  // True if a filter knows the user. Requires: the request is routed.
  [[nodiscard]] bool knows_user();
  [[nodiscard]] bool is_shed();
  [[nodiscard]] int refuse_absent(const char* what, const std::string& name);
  [[nodiscard]] int answer_for_server();
  // True if the request asks for the healthPath.
  [[nodiscard]] bool asks_for_health();
  [[nodiscard]] int check_client();
  [[nodiscard]] bool hold_response();
  [[nodiscard]] std::size_t waiting_head_bytes();

  ServerContext& server_;
  const CoreContext& core_;
  const PeerInfo& peer_;
  std::shared_ptr<const pipeline::Pipeline> pipeline_;  // kept until the response is recorded
  std::shared_ptr<const CoreContext::GlobalFilter> global_filter_;  // likewise; null: none
  pipeline::Exchange exchange_;  // after the pipelines, to whose filters its sides may refer
  MemoryCharge head_memory_;
  MemoryCharge body_memory_;
  MemoryCharge response_memory_;
  std::optional<ClientTable::Held> client_stream_;
  unsigned retry_after_ = 0;  // seconds, for a refusal
  std::shared_ptr<const ServerPrototype> prototype_;
  RouteCounts* route_ = nullptr;     // of `prototype_`; null: no rule matched
  std::int64_t body_bytes_max_ = 0;  // negative: streamed
  std::string method_;
  std::string target_;  // as received; kept only for the access log
  std::string host_;    // likewise
  std::string request_id_;  // "": the server gives none
  std::string allow_;   // the Allow field of a response that no pipeline made
  bool shed_ = false;   // 503 with Retry-After
  bool late_ = false;   // has waited for longer than overload.target
  bool known_ = false;
  bool retry_soon_ = false;  // the pipeline is being built
  std::chrono::system_clock::time_point started_at_;
  TimePoint started_;
  std::vector<observe::AccessEntry::FilterRun> steps_;  // scratch
};

template <RequestSource Source>
Task<Answer> ServedExchange::answer(Source& source) {
  if (source.superseded()) {  // RFC 9110 section 15.5.20: the client may come again
    refuse(421, "refused: the connection was made before more was asked for");
    co_return Answer::refused;
  }
  int status = route();
  source.note_known(known_);
  if (status == 0 && source.refuses()) co_return Answer::none;
  if (status == 0 && source.has_body()) {
    const std::optional<std::uint64_t> length = source.length();
    status = check_body(length);
    if (status == 0 && source.awaits_continue()) {
      const bool sent = co_await source.send_continue();
      if (!sent) co_return Answer::none;
    }
    if (status == 0) status = co_await take_body(http::Body(source.body(), length));
  }
  if (status == 0) {
    const bool done = co_await source.run(handle());
    if (!done) co_return Answer::none;
    status = outcome();
  }
  respond(status);
  co_return Answer::response;
}

}  // namespace sluice::server
