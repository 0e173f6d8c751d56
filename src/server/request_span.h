// SPDX-License-Identifier: Apache-2.0
// The span of a request that an HTTPServer has received, and those of its filters, with the
// attributes of OpenTelemetry's stable conventions for HTTP. All require a sampled request.
#pragma once

#include <string_view>

#include "base/time.h"
#include "http/message.h"
#include "pipeline/exchange.h"
#include "router/router.h"
#include "tracing/request_trace.h"

namespace sluice::server {

// The request as it was received.
void note_request(tracing::RequestTrace& trace, const http::Request& request,
                  const pipeline::Exchange& exchange);
void note_route(tracing::RequestTrace& trace, const router::Route& route);
// Adds the spans of the filters and hands all over. `method`: as received. `status`: of the
// response, 499 if the client has left.
void finish_trace(pipeline::Exchange& exchange, std::string_view method, int status,
                  TimePoint ended);

}  // namespace sluice::server
