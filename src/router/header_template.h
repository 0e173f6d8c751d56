// SPDX-License-Identifier: Apache-2.0
// setHeaders: request headers from templates with variables. Immutable; any thread.
//   $host $remote_addr $uri $args $arg_<parameter> $http_<header> $cookie_<name>
// A variable may be written ${var}. ${var:default} has a default for an empty variable.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"
#include "http/message.h"

namespace sluice::router {

// One template. Expands to a field value.
class HeaderTemplate {
 public:
  // Expands to "".
  HeaderTemplate() = default;
  // Adds a fault at `path` for an unknown variable, and for control characters.
  HeaderTemplate(const std::string& text, const std::string& path, config::Faults& faults);
  // Returns the text with the values of the request. `client_ip`: for $remote_addr.
  [[nodiscard]] std::string expand(const http::Request& request, std::string_view client_ip) const;

 private:
  enum class Variable { none, host, remote_addr, uri, args, arg, http, cookie };
  struct Part {
    std::string literal;
    Variable variable = Variable::none;  // after the literal
    std::string name;                    // of the parameter, header or cookie
    std::string fallback;
  };
  static bool resolve(std::string_view name, Part& part);
  static std::string value_of(const Part& part, const http::Request& request,
                              std::string_view client_ip);

  std::vector<Part> parts_;
};

class HeaderSetter {
 public:
  // Sets no headers.
  HeaderSetter() = default;
  // `templates`: header to template. Adds faults below `path` for a name that is no token or
  // concerns the connection, and for a faulty template.
  HeaderSetter(const std::map<std::string, std::string>& templates, const std::string& path,
               config::Faults& faults);
  // Sets the headers. A header is removed if its template gives "" or an invalid field value. All
  // templates read the request as it was before the call.
  void apply(http::Request& request, std::string_view client_ip) const;

 private:
  struct Assignment {
    std::string name;
    HeaderTemplate value;
  };
  std::vector<Assignment> assignments_;
};

}  // namespace sluice::router
