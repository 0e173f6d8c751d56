// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/verdict.h"

namespace sluice::filters {

using namespace proxy_result;
using backend::Stage;
using http::Cause;

namespace {

// The body of the request did not arrive whole.
Verdict of_client(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return {400, kClientError, Cause::body_malformed};
    case ErrorKind::timed_out:
      return {408, kClientError, Cause::body_timeout};
    case ErrorKind::too_large:
      return {413, kClientError, Cause::body_too_large};
    case ErrorKind::unavailable:
      return {503, kInternalError, Cause::memory_budget};
    case ErrorKind::internal:
      return {503, kInternalError, Cause::no_resources};
    default:
      return {499, kClientError, Cause::body_cut_off};
  }
}

Cause of_connect(ErrorKind kind) {
  if (kind == ErrorKind::internal) return Cause::no_resources;
  return kind == ErrorKind::timed_out ? Cause::connect_timeout : Cause::connect_failed;
}

Cause of_queue(ErrorKind kind) {
  return kind == ErrorKind::timed_out ? Cause::queue_timeout : Cause::queue_full;
}

// 503: the request was not sent, so it may succeed a moment later (section 15.6.4).
Verdict of_unsent(ErrorKind kind, bool overdue, Cause cause) {
  if (kind == ErrorKind::timed_out && overdue) return {504, kTimeout, cause};
  return {503, kind == ErrorKind::internal ? kInternalError : kServerError, cause};
}

Verdict of_head(ErrorKind kind, Cause cause) {
  if (kind == ErrorKind::timed_out) return {504, kTimeout, Cause::response_timeout};
  return {502, kServerError, cause};
}

Verdict of_body(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::timed_out:
      return {504, kTimeout, Cause::response_timeout};
    case ErrorKind::internal:
      return {503, kInternalError, Cause::memory_budget};
    case ErrorKind::too_large:
      return {500, kInternalError, Cause::response_too_large};
    case ErrorKind::invalid:
      return {502, kInternalError, Cause::response_malformed};
    default:
      return {502, kInternalError, Cause::response_broken_off};
  }
}

}  // namespace

Verdict verdict_of(const backend::Failure& failure, bool overdue) {
  const ErrorKind kind = failure.error.kind;
  switch (failure.stage) {
    case Stage::request_body:
      return of_client(kind);
    case Stage::choose:
      return {503, kInternalError, Cause::no_healthy_server};
    case Stage::connect:
      return of_unsent(kind, overdue, of_connect(kind));
    case Stage::queue:
      return of_unsent(kind, overdue, of_queue(kind));
    case Stage::refused:
      return of_unsent(kind, overdue, Cause::server_busy);
    case Stage::upload:
      return of_head(kind, Cause::upload_refused);
    case Stage::rejected:
      return of_head(kind, Cause::request_rejected);
    case Stage::head:
      return of_head(
          kind, kind == ErrorKind::invalid ? Cause::response_malformed : Cause::response_missing);
    case Stage::body:
      break;
  }
  return of_body(kind);
}

}  // namespace sluice::filters
