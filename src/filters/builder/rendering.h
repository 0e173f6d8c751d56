// SPDX-License-Identifier: Apache-2.0
// Renders templates over an exchange.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/fields.h"
#include "filters/builder/template_log.h"
#include "loop/task.h"
#include "pipeline/exchange.h"
#include "pipeline/filter.h"
#include "templates/template.h"

namespace sluice::filters {

// The delimiters of a template, in a spec.
struct DelimiterSpec {
  std::string left = "{{";
  std::string right = "}}";
  void fields(auto& visit) {
    visit("leftDelim", left, {.doc = "begins an action of the template; empty: {{"});
    visit("rightDelim", right, {.doc = "ends an action of the template; empty: }}"});
  }
  [[nodiscard]] templates::Delimiters delimiters() const;
};

// A template and its filter's name in the log. Adds faults.
[[nodiscard]] std::optional<templates::Template> parse_template(const std::string& text,
                                                                const DelimiterSpec& delimiters,
                                                                const std::string& path,
                                                                config::Faults& faults);
// "pipeline/filter"
[[nodiscard]] std::string log_name(const pipeline::FilterContext& context);

// True if the template may read JSON of the client's request, whose body is none: the client is to
// blame for the failure.
[[nodiscard]] bool lacks_client_json(pipeline::Exchange& exchange, const templates::Template& made);

// Reads a body of at most pipeline::kBuilderBodyBytesMax into memory, charged to the connection.
// Errors: `too_large`, or those of the reader.
[[nodiscard]] Task<Result<void>> make_whole(pipeline::Exchange& exchange, http::Body& body);

// Reads the bodies that the template may read into memory, and renders it. Errors: `invalid` or
// `too_large`, of the template; those of the bodies' readers.
[[nodiscard]] Task<Result<templates::Rendered>> render_exchange(pipeline::Exchange& exchange,
                                                                const templates::Template& made,
                                                                templates::OutputForm form,
                                                                TemplateLog& log);

}  // namespace sluice::filters
