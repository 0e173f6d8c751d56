// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/redirect.h"

#include <algorithm>

#include "http/path.h"

namespace sluice::filters {
namespace {

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// A reference of RFC 3986 section 4.1, without its fragment.
struct Reference {
  std::string_view scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
};

Reference split(std::string_view text) {
  Reference reference;
  text = text.substr(0, text.find('#'));
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && colon < text.find_first_of("/?")) {
    reference.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    reference.authority = text.substr(0, text.find_first_of("/?"));
    text.remove_prefix(reference.authority->size());
  }
  const std::size_t question = text.find('?');
  reference.path = text.substr(0, question);
  if (question != std::string_view::npos) reference.query = text.substr(question + 1);
  return reference;
}

// Resolves the path of a reference against `base`.
std::string resolve_path(std::string_view base, std::string_view path) {
  if (path.starts_with('/')) return remove_dot_segments(path);
  return remove_dot_segments(std::string(base.substr(0, base.rfind('/') + 1)) + std::string(path));
}

// Dots that appear only after decoding would lead out of the server's own path.
bool has_hidden_dots(std::string_view path) {
  std::string decoded;
  if (!http::percent_decode(path, decoded)) return true;
  std::ranges::replace(decoded, '\\', '/');
  return http::has_dot_segments(decoded);
}

bool stays_here(const Reference& reference, const http::Request& request,
                std::span<const backend::Server> servers) {
  if (!reference.authority) return reference.scheme.empty();
  const bool http = reference.scheme.empty() || http::iequals(reference.scheme, "http") ||
                    http::iequals(reference.scheme, "https");
  if (!http) return false;
  const bool same_server = std::ranges::any_of(servers, [&](const backend::Server& each) {
    return http::iequals(*reference.authority, each.authority);
  });
  if (same_server) return true;
  return http::iequals(*reference.authority, request.host) &&
         (reference.scheme.empty() || http::iequals(reference.scheme, request.scheme));
}

}  // namespace

std::optional<std::string> redirect_target(const http::Request& request,
                                           const http::Response& response,
                                           std::span<const backend::Server> servers,
                                           const backend::Server& server) {
  if (!is_redirect(response.status)) return std::nullopt;
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  const auto location = response.headers.get("Location");
  if (!location || location->empty()) return std::nullopt;
  const Reference reference = split(*location);
  if (!stays_here(reference, request, servers)) return std::nullopt;

  const std::string base = server.path + request.escaped_path;
  std::string path = reference.authority && reference.path.empty() ? "/"
                     : reference.path.empty()                      ? base
                                              : resolve_path(base, reference.path);
  if (has_hidden_dots(path)) return std::nullopt;
  // The server's own path is removed here, because each try prepends it again.
  if (!path.starts_with(server.path)) return std::nullopt;
  path.erase(0, server.path.size());
  if (path.empty()) path = "/";
  if (!path.starts_with('/')) return std::nullopt;
  if (reference.query) path.append("?").append(*reference.query);
  return path;
}

std::optional<std::string> target_of_reference(const http::Request& request,
                                               std::string_view reference,
                                               std::span<const backend::Server> servers) {
  const Reference parts = split(reference);
  if (!stays_here(parts, request, servers)) return std::nullopt;
  std::string target = parts.authority && parts.path.empty() ? "/"
                       : parts.path.empty()                  ? request.escaped_path
                                            : resolve_path(request.escaped_path, parts.path);
  if (parts.query) target.append("?").append(*parts.query);
  return target;
}

std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    const bool last = path.empty();
    if (segment == "/." || segment == ".") {
      if (last) out += '/';
    } else if (segment == "/.." || segment == "..") {
      out.erase(std::min(out.rfind('/'), out.size()));
      if (last) out += '/';
    } else {
      out += segment;
    }
  }
  return out;
}

}  // namespace sluice::filters
