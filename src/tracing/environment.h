// SPDX-License-Identifier: Apache-2.0
// The variables of OpenTelemetry in the environment of the process: docs/tracing.md lists them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "tracing/context.h"
#include "tracing/settings.h"

namespace sluice::tracing {

struct Environment {
  // Looks a variable up; null: it is not set.
  using Lookup = std::function<const char*(const char* name)>;
  // A value that cannot be used is left out, with a line in `faults`. Blocks: reads the file of the
  // authorities.
  [[nodiscard]] static Environment read(const Lookup& lookup, std::vector<std::string>& faults);
  [[nodiscard]] static Environment of_process(std::vector<std::string>& faults);

  bool disabled = false;         // OTEL_SDK_DISABLED, or OTEL_TRACES_EXPORTER=none
  bool asks_for_traces = false;  // a server without `tracing` is traced, too
  std::string service_name{};
  std::map<std::string, std::string> attributes{};
  std::optional<double> sample_rate{};
  bool parent_decides = true;
  std::optional<HeaderFormat> format{};
  Endpoint endpoint{.url = "http://localhost:4318/v1/traces",
                    .timeout = std::chrono::seconds(10)};  // for a spec without an exporter
};

}  // namespace sluice::tracing
