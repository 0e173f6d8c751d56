// SPDX-License-Identifier: Apache-2.0
// HTTP calls to pipelines of this gateway.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/field_map.h"
#include "filters/proxy_wasm/pairs.h"
#include "filters/proxy_wasm/plugin.h"
#include "filters/proxy_wasm/values.h"
#include "wasm/host_function.h"

namespace sluice::filters::proxy_wasm {
namespace {

using wasm::host_function;
using wasm::HostCall;

std::string_view value_of(const Pairs& pairs, std::string_view name) {
  const auto found = std::ranges::find(pairs, name, &Pair::first);
  return found != pairs.end() ? found->second : std::string_view();
}

// The request of a call; nullopt: it is none.
std::optional<http::Request> make_request(const Pairs& pairs, std::string_view body,
                                          const Pairs& trailers) {
  http::Request request;
  request.method = value_of(pairs, ":method");
  request.host = value_of(pairs, ":authority");
  request.scheme = "http";
  const std::string_view path = value_of(pairs, ":path");
  if (!http::is_token(request.method) || !http::is_host(request.host)) return std::nullopt;
  if (!path.starts_with('/') || !request.set_target(path)) return std::nullopt;
  auto fields = fields_of(pairs);
  auto tail = fields_of(trailers);
  if (!fields || !tail) return std::nullopt;
  request.headers = *std::move(fields);
  request.body.assign(std::string(body));
  if (!tail->empty()) request.body.set_trailers(std::make_unique<http::Headers>(*std::move(tail)));
  return request;
}

// True if the active context may have one more call under way.
bool has_room(const Plugin& plugin) {
  const Stream* stream = plugin.stream();
  return plugin.calls < kCallsMax && (stream == nullptr || stream->calls < kCallsOfStreamMax);
}

Result<Answer> begin_call(Plugin& plugin, HostCall& call, GuestBytes target, GuestBytes headers,
                          GuestBytes body, GuestBytes trailers, std::uint32_t milliseconds,
                          Out<std::uint32_t> out) {
  if (!all_inside(target, headers, body, trailers, out)) return Answer(Status::invalid_memory);
  const auto pairs = decode_pairs(headers.text);
  const auto tail = decode_pairs(trailers.text);
  if (!pairs || !tail || body.text.size() > kCallBodyBytesMax) return Answer(Status::bad_argument);
  auto request = make_request(*pairs, body.text, *tail);
  if (!request) return Answer(Status::bad_argument);
  if (!has_room(plugin)) return Answer(Status::internal_failure);
  if (target.text.size() > kCallTargetBytesMax) return Answer(Status::bad_argument);
  std::shared_ptr<const pipeline::Pipeline> pipeline;
  if (plugin.core != nullptr) {
    pipeline = plugin.callable(target.text);
    if (pipeline == nullptr) return Answer(Status::bad_argument);
  }
  SLUICE_CHECK(out.put(call, ++plugin.last_call));
  const Duration wanted = std::chrono::milliseconds(milliseconds);
  plugin.new_calls.push_back({plugin.last_call, plugin.active, std::string(target.text),
                              std::move(pipeline), *std::move(request),
                              std::min(wanted, kCallTimeoutMax)});
  ++plugin.calls;
  if (Stream* stream = plugin.stream(); stream != nullptr) ++stream->calls;
  return Answer(Status::ok);
}

// Of the response of a call. The gateway keeps no phrase beside the number.
Result<Answer> get_call_status(Plugin& plugin, HostCall& call, Out<std::uint32_t> status,
                               OutBytes message) {
  if (!all_inside(status, message)) return Answer(Status::invalid_memory);
  if (plugin.call_response == nullptr) return Answer(Status::not_found);
  const bool failed = plugin.call_response->failed;
  SLUICE_CHECK(status.put(
      call, failed ? 0 : static_cast<std::uint32_t>(plugin.call_response->response.status)));
  SLUICE_CHECK(message.put(call, ""));
  return Answer(Status::ok);
}

constexpr wasm::HostFunction kCallFunctions[] = {
    host_function<begin_call>("proxy_http_call"),
    host_function<get_call_status>("proxy_get_status"),
};

}  // namespace

std::span<const wasm::HostFunction> call_functions() { return kCallFunctions; }

}  // namespace sluice::filters::proxy_wasm
