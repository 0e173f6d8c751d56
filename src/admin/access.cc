// SPDX-License-Identifier: Apache-2.0
#include "admin/access.h"

#include <utility>

#include "admin/address.h"

namespace sluice::admin {

namespace {

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kSecure = "https://";

// A link on another page opens the picture. That page sees nothing of it.
bool follows_link(const http::Request& request) {
  return request.method == "GET" && request.headers.get("Sec-Fetch-Mode") == "navigate" &&
         request.headers.get("Sec-Fetch-Dest") == "document";
}

// True if the browser says that a page of this server calls: the origin is the host that was called
// (RFC 6454 section 7). Another port of the same machine is another origin: a site that is looked
// at through the gateway, for one. Behind a proxy that ends TLS the scheme differs, and the host
// does not.
bool is_own_page(const http::Request& request) {
  const auto site = request.headers.get("Sec-Fetch-Site");
  if (site && *site != "same-origin" && *site != "none" && !follows_link(request)) return false;
  const auto origin = request.headers.get("Origin");
  if (!origin) return true;
  const std::size_t scheme = origin->starts_with(kPlain)    ? kPlain.size()
                             : origin->starts_with(kSecure) ? kSecure.size()
                                                            : std::string_view::npos;
  return scheme != std::string_view::npos && http::iequals(origin->substr(scheme), request.host);
}

}  // namespace

// If credentials are demanded, the server may have any name. Else it has that of this machine, so
// that a page whose name was made to stand for this machine gets nothing.
std::optional<ApiResponse> refuse_web_page(const http::Request& request,
                                           const Credentials& credentials) {
  if (!credentials.demanded() && !is_loopback_host(request.host))
    return respond_error(403, "only clients on this machine: Host must be localhost");
  if (is_own_page(request)) return std::nullopt;
  return respond_error(403, "not for web pages of others: Origin must be this server");
}

std::expected<Identity, ApiResponse> identify(const http::Request& request, const Peer& client,
                                              Credentials& credentials, const Logger& logger) {
  const auto authorization = request.headers.get("Authorization").value_or("");
  auto caller = credentials.check({client.address, authorization, client.certificate_name});
  if (!caller) {
    const Denial& denial = caller.error();
    if (!denial.log.empty()) logger.warn("admin API: " + denial.log);
    ApiResponse response = respond_error(denial.status, denial.message);
    response.retry_after_seconds = denial.retry_after_seconds;
    return std::unexpected(std::move(response));
  }
  if (only_reads(request) || caller->role == Role::admin) return *std::move(caller);
  return std::unexpected(
      respond_error(403, caller->name + " may read only (api-readers); a change takes an admin"));
}

}  // namespace sluice::admin
