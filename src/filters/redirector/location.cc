// SPDX-License-Identifier: Apache-2.0
#include "filters/redirector/location.h"

#include <algorithm>
#include <array>

#include "base/host_port.h"
#include "base/text.h"
#include "http/chars.h"
#include "http/reason_phrase.h"

namespace sluice::filters {
namespace {

constexpr auto kUriChars = http::make_table("-._~:/?#[]@!$&'()*+,;=%");
constexpr auto kFreeHostChars = http::make_table("-.");

// Tells which octets of a Location a client may have chosen.
class Origins {
 public:
  Origins(const std::vector<router::Replacement::Traced>& pieces, std::size_t trusted)
      : pieces_(pieces), trusted_(trusted) {}

  [[nodiscard]] bool trusts(std::size_t at) const {
    const auto next =
        std::ranges::upper_bound(pieces_, at, {}, &router::Replacement::Traced::begin);
    if (next == pieces_.begin()) return false;
    const auto& piece = *std::prev(next);
    return !piece.source || *piece.source + (at - piece.begin) < trusted_;
  }
  [[nodiscard]] bool trusts_all(std::size_t begin, std::size_t end) const {
    for (std::size_t at = begin; at < end; ++at) {
      if (!trusts(at)) return false;
    }
    return true;
  }

 private:
  const std::vector<router::Replacement::Traced>& pieces_;
  std::size_t trusted_;
};

// Takes "http:" or "https:" off. Returns false for another scheme, and for one that a client chose.
bool take_scheme(std::string_view& rest, const Origins& origins) {
  const std::size_t end = rest.find_first_of(":/?#");
  if (end == std::string_view::npos || rest[end] != ':') return true;
  const std::string_view scheme = rest.substr(0, end);
  if (!http::iequals(scheme, "http") && !http::iequals(scheme, "https")) return false;
  if (!origins.trusts_all(0, end + 1)) return false;
  rest.remove_prefix(end + 1);
  return rest.starts_with("//");
}

}  // namespace

bool leads_astray(std::string_view location, const std::vector<router::Replacement::Traced>& pieces,
                  std::size_t trusted) {
  const Origins origins(pieces, trusted);
  std::string_view rest = location;
  if (!take_scheme(rest, origins)) return true;
  if (!rest.starts_with("//")) return false;
  rest.remove_prefix(2);
  const std::size_t begin = location.size() - rest.size();
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::string_view host = split_host_port(authority).host;
  // A client may choose the labels in front (`$1.example.com`), but not how the name ends.
  if (host.empty() || !origins.trusts(begin + host.size() - 1)) return true;
  for (std::size_t i = 0; i < authority.size(); ++i) {
    if (!origins.trusts(begin + i) && !http::is_in(kFreeHostChars, authority[i])) return true;
  }
  return false;
}

std::string encode_location(std::string location) {
  if (http::all_in(kUriChars, location)) return location;
  std::string out;
  out.reserve(location.size());
  for (const char c : location) {
    if (http::is_in(kUriChars, c)) {
      out += c;
    } else {
      append_percent_encoded(out, c);
    }
  }
  return out;
}

void check_redirect_status(int status, const std::string& path, config::Faults& faults) {
  static constexpr std::array kRedirects = {301, 302, 303, 307, 308};
  if (std::ranges::find(kRedirects, status) != kRedirects.end()) return;
  faults.add(path, std::to_string(status) + " is no redirect, try 301, 302, 303, 307 or 308");
}

void redirect(http::Response& response, int status, std::string_view location) {
  response.status = status;
  response.cause = http::Cause::redirect;
  response.headers.set("Location", location);
  response.headers.set("Content-Type", "text/plain");
  response.body.assign(std::string(http::reason_phrase(status)));
}

}  // namespace sluice::filters
