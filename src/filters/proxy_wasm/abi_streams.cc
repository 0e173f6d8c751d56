// SPDX-License-Identifier: Apache-2.0
// The course of a stream: go on, end, answer.
#include <string>
#include <utility>

#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/field_map.h"
#include "filters/proxy_wasm/limits.h"
#include "filters/proxy_wasm/pairs.h"
#include "filters/proxy_wasm/plugin.h"
#include "filters/proxy_wasm/values.h"
#include "wasm/host_function.h"

namespace sluice::filters::proxy_wasm {
namespace {

using wasm::host_function;

constexpr std::uint32_t kLocalStatusMin = 200;
constexpr std::uint32_t kLocalStatusMax = 599;
constexpr int kStatusClosed = 502;

Answer resume(Plugin& plugin, bool response) {
  Stream* stream = plugin.stream();
  if (stream == nullptr) return Status::bad_argument;
  stream->resumed(response) = true;
  stream->news.notify();
  return Status::ok;
}

bool is_http(std::uint32_t type) {
  return type <= static_cast<std::uint32_t>(StreamType::response);
}

Answer continue_stream(Plugin& plugin, std::uint32_t type) {
  if (type > kStreamTypeMax) return Status::bad_argument;
  if (!is_http(type)) return Status::unimplemented;
  return resume(plugin, static_cast<StreamType>(type) == StreamType::response);
}

Answer continue_request(Plugin& plugin) { return resume(plugin, false); }
Answer continue_response(Plugin& plugin) { return resume(plugin, true); }
Answer clear_route_cache() { return Status::ok; }  // the route is decided before any filter

// Null: the response has left, or there is no stream.
Stream* answerable(Plugin& plugin) {
  Stream* stream = plugin.stream();
  const bool open = stream != nullptr && (stream->request_open || stream->response_open);
  return open ? stream : nullptr;
}

Answer close_stream(Plugin& plugin, std::uint32_t type) {
  if (type > kStreamTypeMax) return Status::bad_argument;
  if (!is_http(type)) return Status::unimplemented;
  Stream* stream = answerable(plugin);
  if (stream == nullptr) return Status::bad_argument;
  LocalResponse& local = stream->local.emplace();
  local.status = kStatusClosed;
  local.cause = http::Cause::plugin_closed;
  stream->news.notify();
  return Status::ok;
}

Answer send_local_response(Plugin& plugin, std::uint32_t status, GuestBytes details,
                           GuestBytes body, GuestBytes pairs, std::uint32_t /*grpc_status*/) {
  if (!all_inside(details, body, pairs)) return Status::invalid_memory;
  Stream* stream = answerable(plugin);
  const auto decoded = decode_pairs(pairs.text);
  if (stream == nullptr || !decoded) return Status::bad_argument;
  if (status < kLocalStatusMin || status > kLocalStatusMax) return Status::bad_argument;
  if (body.text.size() > http::kMadeBodyBytesMax) return Status::bad_argument;
  auto fields = fields_of(*decoded);
  if (!fields) {
    plugin.log(LogLevel::debug, "proxy_send_local_response: " + fields.error().message);
    return Status::bad_argument;
  }
  LocalResponse local{static_cast<int>(status), *std::move(fields),
                      http::MadeBytes(stream->memory)};
  if (local.body.assign(body.text)) {
    stream->local = std::move(local);
  } else {
    stream->short_of_memory = true;
  }
  stream->news.notify();
  return Status::ok;
}

constexpr wasm::HostFunction kStreamFunctions[] = {
    host_function<continue_stream>("proxy_continue_stream"),
    host_function<continue_request>("proxy_continue_request"),
    host_function<continue_response>("proxy_continue_response"),
    host_function<clear_route_cache>("proxy_clear_route_cache"),
    host_function<close_stream>("proxy_close_stream"),
    host_function<send_local_response>("proxy_send_local_response"),
};

}  // namespace

std::span<const wasm::HostFunction> stream_functions() { return kStreamFunctions; }

}  // namespace sluice::filters::proxy_wasm
