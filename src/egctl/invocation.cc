// SPDX-License-Identifier: Apache-2.0
#include "egctl/invocation.h"

#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "config/emit.h"
#include "egctl/settings.h"

namespace sluice::egctl {

Result<ApiClient> Invocation::client() const {
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
  return ApiClient(std::move(endpoint), std::move(whole));
}

Output Invocation::format() const {
  if (output == "json") return Output::json;
  return output == "yaml" ? Output::yaml : Output::standard;
}

void Invocation::print(const Json& value) const {
  if (format() == Output::json) {
    out << value.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else {
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
  for (const std::string& line : error.details) err << "  " << printable(line, Lines::many) << "\n";
}

}  // namespace sluice::egctl
