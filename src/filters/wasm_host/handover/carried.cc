// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/handover/carried.h"

#include <utility>

#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/undo.h"
#include "http/withheld_trailers.h"

namespace sluice::filters {
namespace {

// Of an exchange without a request in the filter's namespace.
constexpr std::string_view kNoRequest = "handed";

// The body that did not come along.
class BodyElsewhere final : public http::BodyReader {
 public:
  Task<Result<std::string_view>> read() override {
    co_return fail(ErrorKind::internal, "this body is at another member");
  }
};

void leave_elsewhere(CarriedBody what, http::Body& body) {
  if (what != CarriedBody::whole)
    body = http::Body(std::make_unique<BodyElsewhere>(), std::nullopt);
}

}  // namespace

CarriedBody carried(const http::Body& body, bool needed) {
  if (body.is_stream()) return CarriedBody::stream;
  return needed || body.bytes().size() <= kSmallBodyBytes ? CarriedBody::whole
                                                          : CarriedBody::withheld;
}

void unpack(HandedExchange&& message, pipeline::Exchange& exchange) {
  exchange.real_ip = std::move(message.head.real_ip);
  exchange.tags().resize(message.head.tags);
  if (message.has_request) {
    exchange.client_request() = std::move(message.request);
    leave_elsewhere(message.request_body, exchange.client_request().body);
  } else {
    exchange.activate(kNoRequest);
  }
  http::Response& response = exchange.new_response();
  response = std::move(message.response);
  leave_elsewhere(message.response_body, response.body);
}

HandedAnswer changes_of(pipeline::Exchange& exchange, const Undo& undo, std::size_t tags) {
  HandedAnswer answer;
  answer.kind = HandedAnswer::Kind::done;
  if (undo.has_request_head()) answer.request_head.emplace().copy_head(*exchange.request());
  if (undo.has_request_body()) answer.request_body.emplace(exchange.request()->body.bytes());
  const http::Response& response = *exchange.response();
  if (undo.has_response_head()) {
    answer.response_head.emplace();
    answer.response_head->status = response.status;
    answer.response_head->headers = response.headers;
  }
  if (undo.has_response_body()) answer.response_body.emplace(response.body.bytes());
  const auto& all = exchange.tags();
  for (std::size_t i = tags; i < all.size(); ++i) answer.tags.push_back(all[i]);
  return answer;
}

void apply_changes(HandedAnswer&& answer, HostContext& context) {
  if (answer.request_head) {
    if (const auto request = context.edit_request()) {
      http::Request& theirs = *answer.request_head;
      (*request)->method = std::move(theirs.method);
      (*request)->host = std::move(theirs.host);
      (*request)->escaped_path = std::move(theirs.escaped_path);
      (*request)->path = std::move(theirs.path);
      (*request)->query = std::move(theirs.query);
      (*request)->has_query = theirs.has_query;
      (*request)->headers = std::move(theirs.headers);
      // The answer does not name the fields that the guest has removed.
      http::withhold_all_trailers((*request)->body);
    }
  }
  if (answer.request_body) {
    if (const auto request = context.edit_request_body())
      (*request)->body.assign(*std::move(answer.request_body));
  }
  if (answer.response_head) {
    if (const auto response = context.edit_response()) {
      (*response)->status = answer.response_head->status;
      http::replace_fields((*response)->headers, (*response)->body,
                           std::move(answer.response_head->headers));
    }
  }
  if (answer.response_body) {
    if (const auto response = context.edit_response_body())
      (*response)->body.assign(*std::move(answer.response_body));
  }
  for (const std::string& tag : answer.tags) (void)context.add_tag(tag);
}

}  // namespace sluice::filters
