// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/try_span.h"

#include <utility>

#include "tracing/http_attributes.h"

namespace sluice::filters {
namespace {

constexpr int kErrorMin = 400;

std::string_view error_type(const backend::Failure& failure) {
  if (failure.error.kind == ErrorKind::timed_out) return "timeout";
  switch (failure.stage) {
    case backend::Stage::connect:
      return "connect";
    case backend::Stage::request_body:
      return "request_body";
    case backend::Stage::body:
      return "response_body";
    case backend::Stage::queue:
      return "queue";
    case backend::Stage::head:
    case backend::Stage::choose:
    case backend::Stage::refused:
    case backend::Stage::upload:
    case backend::Stage::rejected:
      break;
  }
  return "no_response";
}

}  // namespace

void TrySpan::begin(const std::string& name, const backend::Server& server,
                    http::Request& request) {
  const unsigned sent = attempt_.sent++;
  tracing::RequestTrace& trace = *attempt_.trace;
  place_ = trace.begin_client(
      attempt_.step, name.empty() ? tracing::span_name(request.method, "") : name, request);
  if (!place_) return;
  tracing::Recording& recording = trace.recording();
  tracing::Span& span = recording.spans()[*place_];
  tracing::set_method(recording, span, request.method);
  tracing::set_authority(recording, span, server.authority, server.secure);
  std::string url(server.secure ? "https://" : "http://");
  url += server.authority + server.path + request.escaped_path;
  if (!request.query.empty()) url += "?" + tracing::redacted_query(request.query);
  recording.set(span, "url.full", url);
  if (sent > 0) recording.set(span, "http.request.resend_count", sent);
}

tracing::Span& TrySpan::take() {
  tracing::Span& span = attempt_.trace->recording().spans()[*place_];
  span.ended = Clock::now();
  place_.reset();
  return span;
}

void TrySpan::finish(const backend::Failure* failure, int status) {
  tracing::Recording& recording = attempt_.trace->recording();
  tracing::Span& span = take();
  if (failure != nullptr) {
    tracing::set_failure(recording, span, error_type(*failure));
  } else {
    tracing::set_status(recording, span, status, kErrorMin);
  }
}

// The client has left.
void TrySpan::cancel() {
  if (!attempt_.trace->sampled()) return;
  tracing::Recording& recording = attempt_.trace->recording();
  tracing::set_failure(recording, take(), "cancelled");
}

}  // namespace sluice::filters
