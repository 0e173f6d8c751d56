// SPDX-License-Identifier: Apache-2.0
// Makes a request or a response of the YAML that a template has made. Any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "config/fields.h"
#include "filters/builder/filled_yaml.h"
#include "http/message.h"

namespace sluice::filters {

// A text of a template's output: a scalar as it is spelled, a list and a map as JSON.
[[nodiscard]] std::string output_text(const config::Value& value);

// The output of a template: one map, or nothing. Errors: `invalid`, `too_large`.
[[nodiscard]] Result<config::Value> parse_output(MadeYaml yaml, Described described);

// Header -> values, checked. Adds faults for a name or a value that no header can have, and for
// fields that the gateway sets itself (Connection, Transfer-Encoding, ...). Content-Length is left
// out: that of the body is sent.
class OutputHeaders {
 public:
  [[nodiscard]] static OutputHeaders of(const std::map<std::string, config::UndecodedValue>& fields,
                                        const std::string& path, config::Faults& faults);
  // Replaces the fields of these names. `host`: gets the value of Host; null: Host is left out.
  void set(http::Headers& headers, std::string* host) const;
  void add(http::Headers& headers, std::string* host) const;

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> fields_;
};

// Error `invalid`, with the reasons. `request` is fresh.
[[nodiscard]] Result<void> build_request(MadeYaml yaml, http::Request& request);
// Error `invalid`, with the reasons. `response` is fresh.
[[nodiscard]] Result<void> build_response(MadeYaml yaml, http::Response& response);

}  // namespace sluice::filters
