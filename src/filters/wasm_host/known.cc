// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/known.h"

#include "http/cookie.h"
#include "http/query.h"

namespace sluice::filters {
namespace {

std::string cookie_of(const http::Request& request, std::string_view name) {
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, "Cookie")) continue;
    for (const http::CookiePair& pair : http::parse_cookies(field.value)) {
      if (pair.name == name) return std::string(pair.value);
    }
  }
  return "";
}

}  // namespace

void KnownSpec::validate(const std::string& path, config::Faults& faults) const {
  const int given = (header.empty() ? 0 : 1) + (cookie.empty() ? 0 : 1) + (query.empty() ? 0 : 1);
  if (given != 1)
    faults.add(path, "needs one of header, cookie and query, not " + std::to_string(given));
  if (!header.empty() && !http::is_token(header)) {
    faults.add(config::join_path(path, "header"),
               config::quote(header) + " is not the name of a header");
  }
}

std::string KnownSpec::key_of(const http::Request& request) const {
  std::string user;
  if (!header.empty()) {
    user = request.headers.get(header).value_or("");
  } else if (!cookie.empty()) {
    user = cookie_of(request, cookie);
  } else {
    user = http::query_parameter(request.query, query);
  }
  return user.empty() ? user : prefix + user;
}

}  // namespace sluice::filters
