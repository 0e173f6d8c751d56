// SPDX-License-Identifier: Apache-2.0
#include "admin/router.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/formats.h"
#include "control/custom_kind.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kPrefix1 = "/apis/v1";
constexpr std::string_view kPrefix2 = "/apis/v2";
// Where Prometheus looks by default: a second name of kPrefix2 and this.
constexpr std::string_view kMetrics = "/metrics";
// The page for people, likewise; / is another name of it.
constexpr std::string_view kPicture = "/picture";
// The id of an item of custom data, which may be no name.
constexpr std::string_view kIdPlaceholder = "{id}";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool is_placeholder(std::string_view segment) { return segment.starts_with('{'); }

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  return std::ranges::equal(pattern, path,
                            [](const std::string& segment, const std::string& given) {
                              return is_placeholder(segment) || segment == given;
                            });
}

std::size_t placeholders_in(const std::vector<std::string>& pattern) {
  return static_cast<std::size_t>(std::ranges::count_if(pattern, is_placeholder));
}

bool answers(const ApiRoute& route, std::string_view method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

std::expected<PathNames, ApiResponse> names_of(const std::vector<std::string>& pattern,
                                               const std::vector<std::string>& path) {
  PathNames names;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (!is_placeholder(pattern[i])) continue;
    const auto reason = pattern[i] == kIdPlaceholder
                            ? control::fault_of_custom_id(path[i])
                            : config::check_format(config::Format::name, path[i]);
    if (reason) {
      return std::unexpected(respond_error(400, pattern[i] + ": " + *reason));
    }
    names.push_back(path[i]);
  }
  return names;
}

Result<void> parse_query(std::string_view query, ApiRequest& out) {
  for (const std::string_view part : split(query, '&')) {
    const std::size_t equals = std::min(part.find('='), part.size());
    const auto name = percent_decode(part.substr(0, equals), true);
    const auto value = percent_decode(part.substr(std::min(equals + 1, part.size())), true);
    if (!name || !value) return fail(ErrorKind::invalid, "broken %-escape in the query");
    out.query[*name] = *value;
  }
  return {};
}

}  // namespace

void ApiRouter::add(ApiRoute route) {
  std::vector<std::string> segments;
  for (const std::string_view segment : split(route.pattern, '/')) segments.emplace_back(segment);
  entries_.push_back({std::move(route), std::move(segments)});
}

std::expected<RouteMatch, ApiResponse> ApiRouter::find(const ApiRequest& request) const {
  std::string allow;
  const std::size_t fewest = fewest_placeholders(request.path);
  for (const CompiledRoute& entry : entries_) {
    if (!matches(entry.segments, request.path)) continue;
    if (!answers(entry.route, request.method)) {
      if (placeholders_in(entry.segments) == fewest)
        allow += (allow.empty() ? "" : ", ") + entry.route.method;
      continue;
    }
    auto names = names_of(entry.segments, request.path);
    if (!names) return std::unexpected(std::move(names).error());
    for (const QueryParameter& parameter : entry.route.about.query) {
      if (const auto fault = parameter.fault_in(request))
        return std::unexpected(respond_error(400, *fault));
    }
    return RouteMatch{&entry.route, *std::move(names)};
  }
  if (allow.empty()) {
    return std::unexpected(respond_error(404, "no such path; GET /apis/v2 lists what there is"));
  }
  ApiResponse response = respond_error(405, request.method + " is not allowed here, try " + allow);
  response.allow = allow;
  return std::unexpected(std::move(response));
}

std::size_t ApiRouter::fewest_placeholders(const std::vector<std::string>& path) const {
  std::size_t fewest = path.size();
  for (const CompiledRoute& entry : entries_) {
    if (matches(entry.segments, path)) fewest = std::min(fewest, placeholders_in(entry.segments));
  }
  return fewest;
}

std::vector<const ApiRoute*> ApiRouter::routes() const {
  std::vector<const ApiRoute*> routes;
  for (const CompiledRoute& entry : entries_) routes.push_back(&entry.route);
  return routes;
}

Json ApiRouter::list() const {
  Json groups = Json::array();
  for (const CompiledRoute& entry : entries_) {
    const Json item = {{"path", std::string(kPrefix2) + entry.route.pattern},
                       {"method", entry.route.method}};
    const auto group = std::ranges::find_if(
        groups, [&](const Json& known) { return known["group"] == entry.route.group; });
    if (group != groups.end()) {
      (*group)["entries"].push_back(item);
    } else {
      groups.push_back({{"group", entry.route.group}, {"entries", Json::array({item})}});
    }
  }
  return groups;
}

Result<void> parse_target(std::string_view target, ApiRequest& out) {
  const std::size_t query = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(0, query);
  const bool prefixed = path.starts_with(kPrefix1) || path.starts_with(kPrefix2);
  if (path == "/") path = kPicture;
  const bool known = prefixed || path == kMetrics || path.starts_with(kPicture);
  if (prefixed) path.remove_prefix(kPrefix1.size());
  if (!known || (!path.empty() && path[0] != '/')) {
    return fail(ErrorKind::not_found, "no such path; the API begins at /apis/v2");
  }
  for (const std::string_view segment : split(path, '/')) {
    std::optional<std::string> decoded = percent_decode(segment, false);
    if (!decoded) return fail(ErrorKind::invalid, "broken %-escape in the path");
    out.path.push_back(*std::move(decoded));
  }
  return parse_query(target.substr(std::min(query + 1, target.size())), out);
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace sluice::admin
