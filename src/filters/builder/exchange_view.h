// SPDX-License-Identifier: Apache-2.0
// ExchangeView: the data of a template: docs/templates.md. Core-bound; for one rendering.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "pipeline/exchange.h"
#include "templates/datum.h"

namespace sluice::filters {

inline constexpr std::array<std::string_view, 6> kExchangeFields = {
    "data", "namespace", "req", "requests", "resp", "responses"};

// Has the members req, resp, requests, responses, data and namespace. Another name is null, as in a
// map of Go. Requires: `exchange` outlives the view and does not change meanwhile.
[[nodiscard]] templates::Datum exchange_datum(pipeline::Exchange& exchange);

}  // namespace sluice::filters
