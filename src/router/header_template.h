// SPDX-License-Identifier: Apache-2.0
// setHeaders: request headers from templates with variables. Immutable; any thread. docs/rules.md
// lists the variables. One may be written ${var}; ${var:default} has a default for an empty
// variable, which may have variables itself.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"
#include "http/message.h"
#include "router/request_variable.h"

namespace sluice::router {

// One template. Expands to a field value.
class HeaderTemplate {
 public:
  // Expands to "".
  HeaderTemplate() = default;
  // `names`: of the parts of the path, which are variables too. Adds a fault at `path` for an
  // unknown variable, and for control characters.
  HeaderTemplate(const std::string& text, const std::vector<std::string>& names,
                 const std::string& path, config::Faults& faults);
  // Returns the text with the values of the request.
  [[nodiscard]] std::string expand(const http::Request& request, const HeaderFacts& facts) const;

 private:
  struct Part;
  void parse(std::string_view text, const std::vector<std::string>& names, int depth,
             const std::string& path, config::Faults& faults);

  std::vector<Part> parts_;
};

struct HeaderTemplate::Part {
  std::string literal;
  RequestVariable variable;  // after the literal
  HeaderTemplate fallback;
};

class HeaderSetter {
 public:
  // Sets no headers.
  HeaderSetter() = default;
  // `templates`: header to template. Adds faults below `path` for a name that is no token or
  // concerns the connection, and for a faulty template.
  // `names`: see HeaderTemplate.
  HeaderSetter(const std::map<std::string, std::string>& templates,
               const std::vector<std::string>& names, const std::string& path,
               config::Faults& faults);
  // Sets the headers. A header is removed if its template gives "" or an invalid field value. All
  // templates read the request as it was before the call.
  void apply(http::Request& request, const HeaderFacts& facts) const;
  [[nodiscard]] bool empty() const { return assignments_.empty(); }

 private:
  struct Assignment {
    std::string name;
    HeaderTemplate value;
  };
  std::vector<Assignment> assignments_;
};

}  // namespace sluice::router
