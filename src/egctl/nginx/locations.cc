// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/locations.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace sluice::egctl::nginx {
namespace {

constexpr int kClosed = 403;
constexpr int kNothing = 404;
constexpr int kNotConverted = 503;

Json mock(int code, const std::string& body) {
  Json rule = {{"code", code}};
  if (!body.empty()) rule["body"] = body;
  return {{"name", "answer"}, {"kind", "Mock"}, {"rules", Json::array({rule})}};
}

bool is_redirect(int code) { return code >= 301 && code <= 308 && code != 304 && code != 305; }

// The groups of kWholeUrl.
constexpr const char* kWholeUrl = "^(https?)://(([^/:]*)(?::[0-9]+)?)(/.*)?$";
std::string replacement_of(std::string text) {
  const auto put = [&text](const std::string& variable, const std::string& group) {
    for (std::size_t at = text.find(variable); at != std::string::npos;
         at = text.find(variable, at + group.size()))
      text.replace(at, variable.size(), group);
  };
  put("$request_uri", "${4}");
  put("$http_host", "${2}");
  put("$host", "${3}");
  put("$scheme", "${1}");
  return text;
}

Json redirect(const Directive& directive, int code, const std::string& url, Notes& notes) {
  const std::string replacement = replacement_of(url);
  std::string rest = replacement;
  for (const char* group : {"${1}", "${2}", "${3}", "${4}"}) {
    for (std::size_t at = rest.find(group); at != std::string::npos; at = rest.find(group))
      rest.erase(at, 4);
  }
  const bool whole = url.starts_with("http") || url.starts_with("$scheme");
  if (!whole || rest.find('$') != std::string::npos) {
    notes.add(directive,
              "only URLs with $scheme, $host, $http_host and $request_uri are converted");
    return Json::array({mock(kNotConverted, "")});
  }
  const Json redirector = {{"name", "redirect"}, {"kind", "Redirector"},
                           {"match", kWholeUrl}, {"matchPart", "full"},
                           {"statusCode", code}, {"replacement", replacement}};
  return Json::array({redirector});
}

Json answer_filters(const Directive& directive, Notes& notes) {
  const std::vector<std::string>& words = directive.words;
  if (words.size() == 1 && words[0].starts_with("http"))
    return redirect(directive, 302, words[0], notes);
  const auto code = words.empty() ? std::nullopt : to_number<int>(words[0]);
  const bool valid = code && *code >= 100 && *code <= 599;
  if (!valid) {
    notes.not_converted(directive);
    return Json::array({mock(kNotConverted, "")});
  }
  const std::string text = words.size() > 1 ? words[1] : "";
  if (is_redirect(*code)) return redirect(directive, *code, text, notes);
  if (text.find('$') != std::string::npos)
    notes.add(directive, "variables in its text stay as they are");
  return Json::array({mock(*code, text)});
}

std::optional<Json> try_files(const Directive& directive, Notes& notes) {
  Json out = Json::array();
  for (const std::string& word : directive.words) {
    if (word == "$uri") {
      out.push_back("{path}");
    } else if (word == "$uri/") {
      out.push_back("{path}/");
    } else if (word.find('$') == std::string::npos &&
               (word.starts_with('/') || word.starts_with('='))) {
      out.push_back(word);
    } else {
      notes.not_converted(directive);
      return std::nullopt;
    }
  }
  return out;
}

Json file_server(const std::string& root, const Settings& settings) {
  Json filter = {{"name", "files"}, {"kind", "FileServer"}, {"root", root}};
  if (!settings.index.empty()) filter["index"] = settings.index;
  return filter;
}

// The directives that decide what a location does.
struct Content {
  const Directive* pass = nullptr;
  const Directive* answer = nullptr;
  const Directive* alias = nullptr;
  const Directive* tries = nullptr;
};

Content content_of(const std::vector<const Directive*>& directives, Notes& notes) {
  Content content;
  for (const Directive* directive : directives) {
    if (directive->name == "proxy_pass") {
      content.pass = directive;
    } else if (directive->name == "return") {
      content.answer = directive;
    } else if (directive->name == "alias") {
      content.alias = directive;
    } else if (directive->name == "try_files") {
      content.tries = directive;
    } else {
      notes.not_converted(*directive);
    }
  }
  return content;
}

Json proxy_filters(const Target& target, const HeaderChanges& changes, const Settings& settings,
                   const Upstreams& upstreams, Notes& notes) {
  Json filters = Json::array();
  const bool own_host = !changes.keep_host && !changes.host.empty();
  if (own_host)
    filters.push_back({{"name", "host"}, {"kind", "RequestAdaptor"}, {"host", changes.host}});
  Json proxy = {{"name", "proxy"},
                {"kind", "Proxy"},
                {"pools", Json::array({pool_of(target, true, upstreams, notes)})}};
  if (settings.gzip) proxy["compression"] = {{"minLength", settings.gzip_min_length}};
  filters.push_back(std::move(proxy));
  return filters;
}

void convert_pass(const Directive& pass, const Settings& settings, const Surroundings& around,
                  Location& location, Notes& notes) {
  const auto target = target_of(pass, notes);
  if (!target) {
    location.filters = Json::array({mock(kNotConverted, "")});
    return;
  }
  const HeaderChanges changes =
      header_changes(settings, around.server_name, around.port, target->host, notes);
  location.filters = proxy_filters(*target, changes, settings, around.upstreams, notes);
  if (!changes.set.empty()) location.path["setHeaders"] = changes.set;
  if (target->uri.empty()) return;
  if (location.match == Location::Match::regexp || target->uri.find('?') != std::string::npos)
    return notes.add(pass, "the URI of this location is not converted");
  location.path["rewriteTarget"] = target->uri;
}

void convert_files(const Content& content, const Settings& settings, Location& location,
                   Notes& notes) {
  Json filter = file_server(settings.root, settings);
  if (content.alias != nullptr) {
    const bool prefix =
        location.match == Location::Match::prefix || location.match == Location::Match::firm_prefix;
    if (!prefix || content.alias->words.size() != 1) {
      notes.not_converted(*content.alias);
      location.filters = Json::array({mock(kNotConverted, "")});
      return;
    }
    filter["root"] = content.alias->words[0];
    location.path["rewriteTarget"] = "/";
  }
  if (content.tries != nullptr) {
    if (auto tries = try_files(*content.tries, notes)) filter["tryFiles"] = *std::move(tries);
  }
  location.filters = Json::array({std::move(filter)});
}

// `location [= | ^~ | ~ | ~*] TEXT`
std::optional<Location> match_of(const Directive& directive, Notes& notes) {
  const std::vector<std::string>& words = directive.words;
  Location location{.directive = &directive, .path = Json::object()};
  if (words.empty() || words.size() > 2) {
    notes.not_converted(directive);
    return std::nullopt;
  }
  const std::string sign = words.size() == 2 ? words[0] : "";
  location.text = words.back();
  if (location.text.starts_with('@')) {
    notes.not_converted(directive);
    return std::nullopt;
  }
  if (sign == "=") {
    location.match = Location::Match::exact;
    location.path["path"] = location.text;
  } else if (sign == "~" || sign == "~*") {
    location.match = Location::Match::regexp;
    location.path["pathRegexp"] = (sign == "~*" ? "(?i)" : "") + location.text;
  } else {
    location.match = sign == "^~" ? Location::Match::firm_prefix : Location::Match::prefix;
    location.path["pathPrefix"] = location.text;
  }
  return location;
}

bool is_prefix(const Location& location) {
  return location.match == Location::Match::prefix ||
         location.match == Location::Match::firm_prefix;
}

// The place in the order: exact, ^~ and what lies inside, expressions, other prefixes.
int rank_of(const Location& location, const std::vector<Location>& all, Notes& notes) {
  switch (location.match) {
    case Location::Match::exact:
      return 0;
    case Location::Match::firm_prefix:
      return 1;
    case Location::Match::regexp:
      return 2;
    case Location::Match::prefix:
      break;
  }
  const bool any_regexp = std::ranges::any_of(
      all, [](const Location& one) { return one.match == Location::Match::regexp; });
  const bool inside = std::ranges::any_of(all, [&](const Location& one) {
    return one.match == Location::Match::firm_prefix && location.text.starts_with(one.text);
  });
  if (!inside) return 3;
  if (any_regexp && location.directive != nullptr)
    notes.add(*location.directive, "lies inside a ^~ location: regular expressions do not see it");
  return 1;
}

}  // namespace

std::optional<Location> convert_location(const Directive& directive, Settings settings,
                                         const Surroundings& around, Notes& notes) {
  std::optional<Location> location = match_of(directive, notes);
  if (!location) return location;
  const Content content = content_of(take_settings(directive.block, settings, notes), notes);
  if (settings.body_bytes_max) {
    const std::int64_t bytes = *settings.body_bytes_max;
    location->path["clientMaxBodySize"] = bytes == 0 ? -1 : bytes;
  }
  if (!settings.protection.empty()) {
    location->filters = Json::array({mock(kClosed, "")});
  } else if (content.answer != nullptr) {
    location->filters = answer_filters(*content.answer, notes);
  } else if (content.pass != nullptr) {
    convert_pass(*content.pass, settings, around, *location, notes);
  } else if (content.alias != nullptr || !settings.root.empty()) {
    convert_files(content, settings, *location, notes);
  } else {
    notes.add(directive, "nothing in it is converted: it answers 503");
    location->filters = Json::array({mock(kNotConverted, "")});
  }
  return location;
}

Location remaining_location(const Directive* answer, const Settings& settings, Notes& notes) {
  Location location{.text = "/", .path = {{"pathPrefix", "/"}}};
  if (!settings.protection.empty()) {
    location.filters = Json::array({mock(kClosed, "")});
  } else if (answer != nullptr) {
    location.filters = answer_filters(*answer, notes);
  } else if (!settings.root.empty()) {
    location.filters = Json::array({file_server(settings.root, settings)});
  } else {
    location.filters = Json::array({mock(kNothing, "")});
  }
  return location;
}

void order_locations(std::vector<Location>& locations, Notes& notes) {
  std::vector<std::pair<int, Location>> ranked;
  for (const Location& location : locations)
    ranked.emplace_back(rank_of(location, locations, notes), location);
  std::ranges::stable_sort(ranked, [](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    if (!is_prefix(a.second) || !is_prefix(b.second)) return false;
    return a.second.text.size() > b.second.text.size();
  });
  locations.clear();
  for (auto& [rank, location] : ranked) locations.push_back(std::move(location));
}

}  // namespace sluice::egctl::nginx
