// SPDX-License-Identifier: Apache-2.0
#include "http/cause.h"

#include <array>

namespace sluice::http {

namespace {

constexpr std::array<std::string_view, kCauses> kCodes{
    "",
    "head_malformed",
    "head_too_large",
    "target_too_long",
    "head_timeout",
    "head_cut_off",
    "not_implemented",
    "version_unsupported",
    "expectation_unknown",
    "stream_error",
    "superseded",
    "ip_refused",
    "path_ambiguous",
    "path_refused",
    "header_mismatch",
    "no_route",
    "method_not_allowed",
    "options",
    "health",
    "client_rate",
    "client_streams",
    "overload",
    "pipeline_not_found",
    "pipeline_failed",
    "pipeline_building",
    "body_too_large",
    "body_malformed",
    "body_timeout",
    "body_cut_off",
    "memory_budget",
    "connection_memory",
    "connection_heads",
    "no_response",
    "not_final",
    "upgrade_unasked",
    "client_left",
    "response_unread",
    "response_broken_off",
    "shutdown",
    "no_request",
    "breaker_open",
    "no_healthy_server",
    "connect_failed",
    "connect_timeout",
    "queue_full",
    "queue_timeout",
    "server_busy",
    "upload_refused",
    "request_rejected",
    "response_timeout",
    "response_missing",
    "response_malformed",
    "response_too_large",
    "no_resources",
    "only_if_cached",
    "range_not_satisfiable",
    "max_forwards",
    "request_loop",
    "target_refused",
    "upgrade_required",
    "wasm_trap",
    "wasm_wrong_call",
    "wasm_timeout",
    "wasm_crowded",
    "wasm_no_guest",
    "wasm_data_too_large",
    "wasm_store",
    "wasm_owner",
    "wasm_limit",
    "plugin_failed",
    "plugin_closed",
    "header_invalid",
    "jwt_refused",
    "signature_refused",
    "oauth2_refused",
    "password_refused",
    "validator_busy",
    "rate_limited",
    "origin_refused",
    "cors_preflight",
    "redirect",
    "file_not_found",
    "file_unavailable",
    "body_not_json",
    "body_undecodable",
    "response_unchangeable",
    "remote_failed",
    "handover_failed",
    "tls_failed",
    "tls_timeout",
    "tls_plain_http",
    "tls_client_certificate",
    "proxy_header_malformed",
    "proxy_header_timeout",
    "proxy_untrusted",
    "client_connections",
    "client_handshakes",
    "memory_connections",
    "memory_idle",
    "overload_late",
    "no_place",
    "silent",
    "http2_error",
};

}  // namespace

std::string_view code_of(Cause cause) { return kCodes[static_cast<std::size_t>(cause)]; }

Refusal refusal_of_head(int status) {
  switch (status) {
    case 414:
      return {status, Cause::target_too_long};
    case 417:
      return {status, Cause::expectation_unknown};
    case 431:
      return {status, Cause::head_too_large};
    case 501:
      return {status, Cause::not_implemented};
    case 505:
      return {status, Cause::version_unsupported};
    default:
      return {status, Cause::head_malformed};
  }
}

Refusal refusal_of_path(int status) {
  if (status == 0) return {};
  return {status, status == 414 ? Cause::target_too_long : Cause::path_refused};
}

}  // namespace sluice::http
