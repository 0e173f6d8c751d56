// SPDX-License-Identifier: Apache-2.0
// setHeaders: request headers from templates with variables. Immutable; any thread.
//   $host $remote_addr $uri $args $arg_<parameter> $http_<header> $cookie_<name>
// A variable may be written ${var}, and ${var:default} for what stands in where it is empty.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"
#include "http/message.h"

namespace sluice::router {

class HeaderTemplate {
 public:
  HeaderTemplate() = default;
  HeaderTemplate(const std::string& text, const std::string& path, config::Faults& faults);
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
  HeaderSetter() = default;
  HeaderSetter(const std::map<std::string, std::string>& templates, const std::string& path,
               config::Faults& faults);
  // A header whose template gives "" or no field value is removed. All templates see the request as
  // it was before.
  void apply(http::Request& request, std::string_view client_ip) const;

 private:
  struct Entry {
    std::string name;
    HeaderTemplate value;
  };
  std::vector<Entry> entries_;
};

}  // namespace sluice::router
