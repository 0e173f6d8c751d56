// SPDX-License-Identifier: Apache-2.0
#include "admin/metrics.h"

#include "admin/easegress_metrics.h"
#include "admin/health.h"
#include "control/controller.h"
#include "control/metrics.h"

namespace sluice::admin {
namespace {

using observe::Exposition;
using observe::ExpositionFormat;

// A client that prefers the text lists OpenMetrics with a lower q, or not at all. Prometheus lists
// it first.
ExpositionFormat format_of(const ApiRequest& request) {
  const auto open_metrics = request.accept.find("application/openmetrics-text");
  const auto text = request.accept.find("text/plain");
  return open_metrics < text ? ExpositionFormat::open_metrics : ExpositionFormat::text;
}

Result<ApiResponse> metrics(Context& context, const ApiRequest& request, const PathNames&) {
  const auto names = request.query.find("names");
  const bool of_easegress = names != request.query.end() && names->second == "easegress";
  if (names != request.query.end() && !of_easegress)
    return fail(ErrorKind::invalid, "names: easegress, or leave it out");
  const ExpositionFormat format = format_of(request);
  Exposition out(format);
  if (of_easegress) {
    expose_as_easegress(context, out);
  } else {
    context.controller.expose(out);
    control::expose_ready(context.options.health->ready(), out);
  }
  return ApiResponse{.content_type = std::string(content_type(format)), .body = out.text()};
}

}  // namespace

void add_metrics(ApiRouter& router, Context& context) {
  const Content figures{.types = {content_type(ExpositionFormat::text),
                                  content_type(ExpositionFormat::open_metrics)}};
  add(router, context, "metrics",
      {{"GET",
        "/metrics",
        metrics,
        {.summary = "Prints the figures for Prometheus",
         .query = {choice_query("names", "easegress", "Under the names that Easegress has")},
         .answers = {{200, figures, "The figures; OpenMetrics if Accept prefers it"}}}}});
}

}  // namespace sluice::admin
