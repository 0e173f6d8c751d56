// SPDX-License-Identifier: Apache-2.0
// Cause: why the gateway answered a request itself, ended an exchange, or closed a connection
// before a request had come. Each has a code, for the access log, the figures and docs/codes.md,
// which explains all of them. A code is for good: alerts and scripts name it. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::http {

enum class Cause : std::uint8_t {
  none,  // a backend, a program or the configuration has made the response
  // The head.
  head_malformed,
  head_too_large,
  target_too_long,
  head_timeout,
  head_cut_off,
  not_implemented,
  version_unsupported,
  expectation_unknown,
  stream_error,
  superseded,
  // The rules, and the state of the server.
  ip_refused,
  path_ambiguous,
  path_refused,
  header_mismatch,
  no_route,
  method_not_allowed,
  options,
  health,
  client_rate,
  client_streams,
  overload,
  pipeline_not_found,
  pipeline_failed,
  pipeline_building,
  // The body, and memory.
  body_too_large,
  body_malformed,
  body_timeout,
  body_cut_off,
  memory_budget,
  connection_memory,
  connection_heads,
  // The end of an exchange.
  no_response,
  not_final,
  upgrade_unasked,
  client_left,
  response_unread,
  response_broken_off,
  shutdown,
  // Proxies.
  no_request,
  breaker_open,
  no_healthy_server,
  connect_failed,
  connect_timeout,
  queue_full,
  queue_timeout,
  server_busy,
  upload_refused,
  request_rejected,
  response_timeout,
  response_missing,
  response_malformed,
  response_too_large,
  no_resources,
  only_if_cached,
  range_not_satisfiable,
  max_forwards,
  request_loop,
  target_refused,
  upgrade_required,
  // Guests.
  wasm_trap,
  wasm_wrong_call,
  wasm_timeout,
  wasm_crowded,
  wasm_no_guest,
  wasm_data_too_large,
  wasm_store,
  wasm_owner,
  wasm_limit,
  plugin_failed,
  plugin_closed,
  // Other filters.
  header_invalid,
  jwt_refused,
  signature_refused,
  oauth2_refused,
  password_refused,
  validator_busy,
  rate_limited,
  origin_refused,
  cors_preflight,
  redirect,
  file_not_found,
  file_unavailable,
  body_not_json,
  body_undecodable,
  response_unchangeable,
  remote_failed,
  handover_failed,
  // Connections without a request: kFirstOfConnections and all that follow.
  tls_failed,
  tls_timeout,
  tls_plain_http,
  tls_client_certificate,
  proxy_header_malformed,
  proxy_header_timeout,
  proxy_untrusted,
  client_connections,
  client_handshakes,
  memory_connections,
  memory_idle,
  overload_late,
  no_place,
  silent,
  http2_error,
};
inline constexpr auto kFirstOfConnections = static_cast<std::size_t>(Cause::tls_failed);
inline constexpr std::size_t kCauses = static_cast<std::size_t>(Cause::http2_error) + 1;

// The code; "" of Cause::none.
[[nodiscard]] std::string_view code_of(Cause cause);

// A response without content in place of that of a pipeline. `status` is 0 if there is none.
struct Refusal {
  int status = 0;
  Cause cause = Cause::none;
  [[nodiscard]] explicit operator bool() const { return status != 0; }
};

// The refusal of a head with this status.
[[nodiscard]] Refusal refusal_of_head(int status);
// The refusal of a path that was rewritten: 414, or 400; 0: none.
[[nodiscard]] Refusal refusal_of_path(int status);

}  // namespace sluice::http
