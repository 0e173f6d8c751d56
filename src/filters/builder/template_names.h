// SPDX-License-Identifier: Apache-2.0
// The names that a template reads, as far as its text shows: those that are never there, and the
// namespaces and the data of the exchange. Any thread.
#pragma once

#include <string>

#include "config/faults.h"
#include "pipeline/names_others.h"
#include "templates/template.h"

namespace sluice::filters {

// Warns of each field that no exchange has, such as .resp.Statuscode. `where`: of the template.
void warn_of_absent_fields(const templates::Template& made, const std::string& where,
                           config::Faults& faults);

// The namespaces of which a filter with this template, in its field `template`, reads messages, and
// the data that it reads.
[[nodiscard]] pipeline::NamesOthers::Names names_in(const templates::Template& made);

}  // namespace sluice::filters
