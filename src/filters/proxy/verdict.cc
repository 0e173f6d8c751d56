// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/verdict.h"

namespace sluice::filters {

using namespace proxy_result;
using backend::Stage;

namespace {

// The body of the request did not arrive whole.
Verdict of_client(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return {400, kClientError};
    case ErrorKind::timed_out:
      return {408, kClientError};
    case ErrorKind::too_large:
      return {413, kClientError};
    case ErrorKind::unavailable:
    case ErrorKind::internal:
      return {503, kInternalError};
    default:
      return {499, kClientError};
  }
}

// 503: the request was not sent, so it may succeed a moment later (section 15.6.4).
Verdict of_unsent(ErrorKind kind, bool overdue) {
  if (kind == ErrorKind::timed_out && overdue) return {504, kTimeout};
  return {503, kind == ErrorKind::internal ? kInternalError : kServerError};
}

}  // namespace

Verdict verdict_of(const backend::Failure& failure, bool overdue) {
  const ErrorKind kind = failure.error.kind;
  switch (failure.stage) {
    case Stage::request_body:
      return of_client(kind);
    case Stage::choose:
      return {503, kInternalError};
    case Stage::connect:
    case Stage::queue:
    case Stage::refused:
      return of_unsent(kind, overdue);
    case Stage::upload:
    case Stage::rejected:
    case Stage::head:
      if (kind == ErrorKind::timed_out) return {504, kTimeout};
      return {502, kServerError};
    case Stage::body:
      break;
  }
  if (kind == ErrorKind::timed_out) return {504, kTimeout};
  if (kind == ErrorKind::internal) return {503, kInternalError};
  return {kind == ErrorKind::too_large ? 500 : 502, kInternalError};
}

}  // namespace sluice::filters
