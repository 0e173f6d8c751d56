// SPDX-License-Identifier: Apache-2.0
#include "egctl/invocation.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/printable.h"
#include "base/text.h"
#include "config/emit.h"
#include "egctl/json_text.h"
#include "egctl/jsonpath.h"
#include "egctl/settings.h"

namespace sluice::egctl {
namespace {

// Members of a cluster have their name among their options.
std::string name_line(const Json& one) {
  const std::string kind = text_at(one, "kind");
  std::string name = text_at(one, "name");
  if (name.empty() && one.is_object()) name = text_at(one.value("options", Json()), "name");
  if (name.empty()) return "";
  if (kind.empty()) return name + "\n";
  return lower_case(kind) + "/" + name + "\n";
}

std::string names_of(const Json& value) {
  if (!value.is_array()) return name_line(value);
  std::string lines;
  for (const Json& one : value) lines += name_line(one);
  return lines;
}

}  // namespace

Result<ApiClient> Invocation::client() const {
  if (const std::string exposed = exposure_of(settings_path());
      !exposed.empty() && !std::exchange(contact->warned, true))
    err << "Warning: " << exposed << "\n";
  Access settings;
  // Without --server the settings must be valid; with it they need not be.
  if (auto current = current_access()) {
    settings = *std::move(current);
  } else if (access.server.empty()) {
    return std::unexpected(std::move(current).error());
  }
  SLUICE_TRY(Access whole, combine(access, std::move(settings)));
  if (whole.server.empty()) whole.server = kDefaultServer;
  SLUICE_TRY(ApiAddress endpoint, parse_endpoint(whole.server));
  if (access.force_tls) endpoint.tls = true;
  return ApiClient(std::move(endpoint), std::move(whole), contact);
}

std::string fault_of_output(const std::string& text) {
  if (text.starts_with(kJsonPathPrefix)) {
    const std::string given = text.substr(kJsonPathPrefix.size());
    if (!given.contains('{'))
      return "the template \"" + given + "\" has no path in braces: -o jsonpath='{" + given + "}'";
    const auto path = JsonPath::parse(given);
    return path ? "" : path.error().message;
  }
  for (const char* known : {"default", "wide", "yaml", "json", "name"}) {
    if (text == known) return "";
  }
  return "\"" + text + "\" is no format: default, wide, yaml, json, name or jsonpath=TEMPLATE";
}

Output Invocation::format() const {
  if (output.starts_with(kJsonPathPrefix)) return Output::jsonpath;
  if (output == "json") return Output::json;
  if (output == "name") return Output::name;
  return output == "yaml" ? Output::yaml : Output::standard;
}

void Invocation::print(const Json& value) const {
  switch (format()) {
    case Output::json:
      out << value.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
      return;
    case Output::name:
      out << names_of(value);
      return;
    case Output::jsonpath:
      if (const auto path = JsonPath::parse(output.substr(kJsonPathPrefix.size())))
        out << path->apply(value);
      return;
    default:
      out << config::emit_yaml(value);
  }
}

void Invocation::print_or(const Json& value, const std::string& text) const {
  if (format() == Output::standard) {
    out << text;
  } else {
    print(value);
  }
}

std::string Invocation::table(std::vector<Row> rows) const {
  return format_table(rows, no_headers ? Header::hidden : Header::shown);
}

std::string Invocation::narrow_table(const std::vector<Row>& rows) const {
  return format_narrow_table(rows, no_headers ? Header::hidden : Header::shown);
}

std::unexpected<Error> Invocation::misuse(std::string message, std::vector<std::string> details) {
  misused = true;
  return fail(ErrorKind::invalid, std::move(message), std::move(details));
}

std::unexpected<Error> failed(const std::string& what, Error error) {
  error.message = what + " failed, " + error.message;
  return std::unexpected(std::move(error));
}

std::unexpected<Error> refused(const std::string& what, Error error) {
  const std::size_t count = error.details.size();
  if (error.kind == ErrorKind::invalid && count > 0) {
    error.message = error.message.substr(0, error.message.find(':')) + ": " +
                    std::to_string(count) + (count == 1 ? " error" : " errors") +
                    ", nothing was changed";
  }
  return failed(what, std::move(error));
}

void print_error(std::ostream& err, const Error& error, bool colour) {
  err << (colour ? "\x1b[31mError:\x1b[0m " : "Error: ") << printable(error.message, Lines::many)
      << "\n";
  for (const std::string& line : error.details) {
    if (error.message.ends_with(line)) continue;  // said already
    err << "  " << printable(line, Lines::many) << "\n";
  }
}

}  // namespace sluice::egctl
