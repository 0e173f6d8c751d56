// SPDX-License-Identifier: Apache-2.0
#include "egctl/guest/request_spec.h"

#include <set>
#include <string_view>

namespace sluice::egctl {
namespace {

constexpr std::string_view kHost = "host";

bool is_target(const std::string& url) {
  http::Request scratch;
  return scratch.set_target(url);
}

}  // namespace

void RequestSpec::validate(const std::string& path, config::Faults& faults) const {
  if (!http::is_token(method))
    faults.add(config::join_path(path, "method"), config::quote(method) + " is no method");
  if (!is_target(url)) {
    faults.add(config::join_path(path, "url"),
               config::quote(url) + " is no path that begins with /, and no http:// URL");
  }
  const std::string fields = config::join_path(path, "headers");
  for (const auto& [name, value] : headers) {
    if (!http::is_token(name)) faults.add(config::join_path(fields, name), "is no name of a field");
    if (!http::is_field_value(value))
      faults.add(config::join_path(fields, name), config::quote(value) + " is no value of a field");
  }
}

void RequestSpec::write_to(http::Request& request) const {
  request.method = method;
  request.scheme = "http";
  request.host = "localhost";
  (void)request.set_target(url);
  for (const auto& [name, value] : headers) {
    if (http::iequals(name, kHost)) {
      request.host = value;
    } else {
      request.headers.add(name, value);
    }
  }
  if (!body.empty()) request.body.assign(body);
}

void Case::validate(const std::string& path, config::Faults& faults) const {
  const bool single = when || then;
  if (single && !steps.empty())
    return faults.add(config::join_path(path, "steps"), "stands for when and then: give one form");
  if (!single && steps.empty())
    return faults.add(config::join_path(path, "when"), "is required, or steps");
  if (single && !when) faults.add(config::join_path(path, "when"), "is required");
  if (single && !then) faults.add(config::join_path(path, "then"), "is required");
}

std::vector<Step> Case::all_steps() const {
  return when && then ? std::vector{Step{*when, *then}} : steps;
}

void CaseFile::validate(const std::string& path, config::Faults& faults) const {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (names.insert(cases[i].name).second) continue;
    faults.add(config::join_path(path, "cases") + "[" + std::to_string(i) + "].name",
               config::quote(cases[i].name) + " is the name of an earlier case");
  }
}

}  // namespace sluice::egctl
