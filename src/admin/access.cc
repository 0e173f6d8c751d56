// SPDX-License-Identifier: Apache-2.0
#include "admin/access.h"

#include <utility>

#include "admin/address.h"

namespace sluice::admin {

// If credentials are demanded, the server may have any name, but a page from another origin may not
// use the credentials of the browser.
std::optional<Response> refuse_web_page(const http::Request& request,
                                        const Credentials& credentials) {
  const auto origin = request.headers.get("Origin");
  if (!credentials.demanded()) {
    if (is_loopback_host(request.host) && (!origin || is_loopback_origin(*origin)))
      return std::nullopt;
    return respond_error(403, "only clients on this machine: Host and Origin must be localhost");
  }
  if (!origin || is_loopback_origin(*origin) || *origin == "https://" + request.host)
    return std::nullopt;
  return respond_error(403, "not for web pages: Origin must be this server");
}

std::expected<Identity, Response> identify(const http::Request& request, const Client& client,
                                           Credentials& credentials, const Logger& logger) {
  const auto authorization = request.headers.get("Authorization").value_or("");
  auto caller = credentials.check({client.address, authorization, client.certificate_name});
  if (!caller) {
    const Denial& denial = caller.error();
    if (!denial.log.empty()) logger.warn("admin API: " + denial.log);
    Response response = respond_error(denial.status, denial.message);
    response.retry_after_seconds = denial.retry_after_seconds;
    return std::unexpected(std::move(response));
  }
  if (only_reads(request) || caller->role == Role::admin) return *std::move(caller);
  return std::unexpected(
      respond_error(403, caller->name + " may read only (api-readers); a change takes an admin"));
}

}  // namespace sluice::admin
