// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/filter.h"

#include <chrono>
#include <utility>

#include "filters/proxy_wasm/values.h"
#include "http/body_memory.h"
#include "http/withheld_trailers.h"
#include "pipeline/response_side.h"

namespace sluice::filters::proxy_wasm {
namespace {

constexpr int kStatusNoPlugin = 503;
constexpr int kStatusTooLarge = 413;

// The context of an exchange, while the exchange needs it.
class PluginSide final : public pipeline::ResponseSide {
 public:
  PluginSide(ProxyWasmFilter& filter, std::shared_ptr<Stream> stream)
      : filter_(filter), stream_(std::move(stream)) {}
  ~PluginSide() override { filter_.vm().close(stream_); }
  Task<void> respond(pipeline::Exchange& exchange) override {
    auto responding = filter_.respond(exchange, stream_);
    (void)co_await std::move(responding);
  }

 private:
  ProxyWasmFilter& filter_;
  const std::shared_ptr<Stream> stream_;
};

std::shared_ptr<http::BodyCharge> charge_for(const pipeline::Exchange& exchange) {
  return exchange.memory ? std::make_shared<http::BodyCharge>(exchange.memory) : nullptr;
}

// Puts what the guest has made of a whole body in its place, with its trailers.
void take_over(http::Body& body, EditedBytes& edited, std::unique_ptr<http::Headers> trailers) {
  if (edited.made) edited.made->give_to(body);
  body.set_trailers(trailers && !trailers->empty() ? std::move(trailers) : nullptr);
}

Result<void> check_memory(const Stream& stream) {
  if (!stream.short_of_memory) return {};
  return fail(ErrorKind::unavailable, "no memory for the body that the guest has made");
}

// The bodies of other responses are not there, or a tunnel.
bool may_have_body(pipeline::Exchange& exchange, const http::Response& response) {
  const http::Request* request = exchange.request();
  const bool head = request != nullptr && request->method == "HEAD";
  return !head && response.status >= 200 && response.status != 204 && response.status != 304;
}

U32 size_of(const http::Headers* fields) {
  return fields != nullptr ? static_cast<U32>(fields->size()) : 0;
}

}  // namespace

ProxyWasmFilter::Wanted::Wanted(const GuestRecipe& recipe)
    : request_headers(recipe.has(kOnRequestHeaders) ? kCallback<kOnRequestHeaders>
                                                    : kCallback<kOnRequestHeadersOld>),
      response_headers(recipe.has(kOnResponseHeaders) ? kCallback<kOnResponseHeaders>
                                                      : kCallback<kOnResponseHeadersOld>),
      request_body(recipe.has(kOnRequestBody)),
      request_trailers(recipe.has(kOnRequestTrailers)),
      response_body(recipe.has(kOnResponseBody)),
      response_trailers(recipe.has(kOnResponseTrailers)),
      log(recipe.has(kOnLog)) {}

ProxyWasmFilter::ProxyWasmFilter(const loop::Core& core, std::shared_ptr<const GuestRecipe> recipe,
                                 std::shared_ptr<PluginStatistics> statistics,
                                 std::unique_ptr<PluginGuest> guest)
    : recipe_(std::move(recipe)),
      statistics_(std::move(statistics)),
      counters_(statistics_->counters.at(core.index)),
      wanted_(*recipe_),
      failures_(recipe_->setup, *statistics_, core.index),
      vm_(core, recipe_, std::move(guest), *statistics_, failures_) {}

Task<std::string_view> ProxyWasmFilter::handle(pipeline::Exchange& exchange) {
  counters_.requests.add();
  auto opening = vm_.open(exchange);
  auto opened = co_await std::move(opening);
  if (!opened) co_return fail_exchange(exchange, opened.error());
  const std::shared_ptr<Stream> stream = *std::move(opened);
  auto side = std::make_unique<PluginSide>(*this, stream);
  stream->request_open = true;
  auto steps = request_side(exchange, stream);
  const auto done = co_await std::move(steps);
  if (!done) co_return fail_exchange(exchange, done.error());
  if (stream->local) {
    answer(exchange, *std::exchange(stream->local, std::nullopt));
    stream->part(wanted_.log);
    co_return kLocalResponse;
  }
  // The filters behind this one may replace the messages.
  stream->part(wanted_.log);
  std::string_view result;
  if (exchange.at_last_node) {  // nobody else makes a response, or changes it
    auto responding = respond(exchange, stream);
    result = co_await std::move(responding);
  }
  exchange.add_response_side(std::move(side));
  co_return result;
}

Task<Result<void>> ProxyWasmFilter::request_side(pipeline::Exchange& exchange,
                                                 std::shared_ptr<Stream> stream) {
  http::Request* request = exchange.request();
  if (request == nullptr) co_return fail(ErrorKind::invalid, "the namespace has no request");
  const bool ends = !request->body.follows_head();
  auto heading = step(wanted_.request_headers, stream, false, size_of(&request->headers), ends);
  const auto head = co_await std::move(heading);
  if (!head || stream->local || ends) co_return head;
  if (!wanted_.request_body && !wanted_.request_trailers) co_return head;
  auto holding = request->body.hold(recipe_->body_bytes_max, charge_for(exchange));
  SLUICE_CO_TRY(const bool whole, co_await std::move(holding));
  if (!whole || request->body.bytes().size() > recipe_->body_bytes_max)
    co_return fail(ErrorKind::too_large, "the body of the request is longer than maxBodySize");
  auto rest = request_body(*request, stream);
  co_return co_await std::move(rest);
}

Task<Result<void>> ProxyWasmFilter::request_body(http::Request& request,
                                                 std::shared_ptr<Stream> stream) {
  const Shown shown(stream->request_body, request.body.bytes());
  stream->request_trailers = request.body.take_trailers();
  const bool last = stream->request_trailers == nullptr;
  if (last) stream->request_trailers = std::make_unique<http::Headers>();
  const auto size = static_cast<U32>(request.body.bytes().size());
  const Wait wait = last || !wanted_.request_trailers ? Wait::resumption : Wait::calls;
  auto content = step(kCallback<kOnRequestBody>, stream, false, size, last, wait);
  auto done = co_await std::move(content);
  if (done && !last && !stream->local) {
    auto tail = step(kCallback<kOnRequestTrailers>, stream, false,
                     size_of(stream->request_trailers.get()), 0);
    done = co_await std::move(tail);
  }
  if (stream->request_body)
    take_over(request.body, *stream->request_body, std::move(stream->request_trailers));
  co_return done;
}

Task<Result<void>> ProxyWasmFilter::step(const Callback& callback, std::shared_ptr<Stream> stream,
                                         bool response, U32 second, U32 third, Wait wait) {
  stream->resumed(response) = false;
  auto calling = vm_.call(callback, stream, second, third);
  const auto action = co_await std::move(calling);
  if (!action) co_return std::unexpected(action.error());
  if (static_cast<Action>(*action) == Action::pause) {
    auto waiting = resumed(stream, response, wait);
    SLUICE_CO_CHECK(co_await std::move(waiting));
  }
  co_return check_memory(*stream);
}

Task<Result<void>> ProxyWasmFilter::resumed(std::shared_ptr<Stream> stream, bool response,
                                            Wait wait) {
  const TimePoint deadline = Clock::now() + recipe_->pause_max;
  while (!stream->resumed(response) && !stream->local && !stream->short_of_memory) {
    if (wait == Wait::calls && stream->calls == 0) break;
    if (stream->lost) co_return fail(ErrorKind::invalid, "its VM has failed in another request");
    const bool told = co_await stream->news.wait(deadline);
    if (told) continue;
    co_return fail(ErrorKind::timed_out,
                   std::string("the guest paused the ") + (response ? "response" : "request") +
                       " for longer than " + format_duration(recipe_->pause_max));
  }
  co_return Result<void>();
}

Task<std::string_view> ProxyWasmFilter::respond(pipeline::Exchange& exchange,
                                                std::shared_ptr<Stream> stream) {
  if (exchange.response() == nullptr) co_return "";
  stream->exchange = &exchange;
  stream->response_open = true;
  auto steps = response_side(exchange, stream);
  const auto done = co_await std::move(steps);
  std::string_view result;
  if (!done) {
    result = fail_exchange(exchange, done.error());
  } else if (stream->local) {
    answer(exchange, *std::exchange(stream->local, std::nullopt));
    result = kLocalResponse;
  }
  stream->part(wanted_.log);
  co_return result;
}

Task<Result<void>> ProxyWasmFilter::response_side(pipeline::Exchange& exchange,
                                                  std::shared_ptr<Stream> stream) {
  http::Response& response = *exchange.response();
  const bool ends = !may_have_body(exchange, response) || !response.body.follows_head();
  auto heading = step(wanted_.response_headers, stream, true, size_of(&response.headers), ends);
  const auto head = co_await std::move(heading);
  if (!head || stream->local || ends) co_return head;
  if (!wanted_.response_body && !wanted_.response_trailers) co_return head;
  if (response.body.may_be_held()) {
    auto holding = response.body.hold(recipe_->body_bytes_max, charge_for(exchange));
    const auto held = co_await std::move(holding);
    if (!held) co_return std::unexpected(held.error());
  }
  if (response.body.is_stream()) {
    stream_response(response, stream);
    co_return head;
  }
  auto rest = whole_response(response, stream);
  co_return co_await std::move(rest);
}

Task<Result<void>> ProxyWasmFilter::whole_response(http::Response& response,
                                                   std::shared_ptr<Stream> stream) {
  const Shown shown(stream->response_body, response.body.bytes());
  stream->response_trailers = response.body.take_trailers();
  const bool last = stream->response_trailers == nullptr;
  if (last) stream->response_trailers = std::make_unique<http::Headers>();
  const auto size = static_cast<U32>(response.body.bytes().size());
  const Wait wait = last || !wanted_.response_trailers ? Wait::resumption : Wait::calls;
  auto content = step(kCallback<kOnResponseBody>, stream, true, size, last, wait);
  auto done = co_await std::move(content);
  if (done && !last && !stream->local) {
    auto tail = take_trailers(stream);
    done = co_await std::move(tail);
  }
  if (stream->response_body)
    take_over(response.body, *stream->response_body, std::move(stream->response_trailers));
  co_return done;
}

Task<Result<void>> ProxyWasmFilter::take_trailers(std::shared_ptr<Stream> stream) {
  const U32 count = size_of(stream->response_trailers.get());
  return step(kCallback<kOnResponseTrailers>, std::move(stream), true, count, 0);
}

// The pieces come to the guest as they are read, when the head has left.
void ProxyWasmFilter::stream_response(http::Response& response,
                                      const std::shared_ptr<Stream>& stream) {
  http::Body source = std::exchange(response.body, http::Body());
  response.body = http::Body(
      std::make_unique<PieceReader>(*this, stream, std::move(source), recipe_->body_bytes_max),
      std::nullopt);
  response.headers.remove("Content-Length");
}

Task<Result<bool>> ProxyWasmFilter::take_piece(std::shared_ptr<Stream> stream, std::uint32_t size,
                                               bool last) {
  stream->resumed(true) = false;
  auto calling = vm_.call(kCallback<kOnResponseBody>, stream, size, last ? 1 : 0);
  const auto action = co_await std::move(calling);
  if (!action) co_return std::unexpected(action.error());
  SLUICE_CO_CHECK(check_memory(*stream));
  if (static_cast<Action>(*action) != Action::pause || stream->resumed(true)) co_return true;
  if (!last) co_return false;
  auto waiting = resumed(stream, true);
  SLUICE_CO_CHECK(co_await std::move(waiting));
  SLUICE_CO_CHECK(check_memory(*stream));
  co_return true;
}

void ProxyWasmFilter::answer(pipeline::Exchange& exchange, LocalResponse local) {
  counters_.answered.add();
  http::Response& response = exchange.new_response();
  response.status = local.status;
  response.cause = local.cause;
  response.headers = std::move(local.headers);
  local.body.give_to(response.body);
}

void ProxyWasmFilter::note_failure(const Error& error) { failures_.note(error); }

std::string_view ProxyWasmFilter::fail_exchange(pipeline::Exchange& exchange, const Error& error) {
  const bool too_large = error.kind == ErrorKind::too_large;
  exchange.gateway_response(too_large ? kStatusTooLarge : kStatusNoPlugin,
                            too_large ? http::Cause::body_too_large : http::Cause::plugin_failed);
  exchange.add_tag("proxyWasm: " + error.message);
  if (too_large) return kBodyTooLarge;
  note_failure(error);
  return kPluginError;
}

}  // namespace sluice::filters::proxy_wasm
