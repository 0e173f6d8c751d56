// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/fallbacks.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "egctl/nginx/answers.h"
#include "egctl/nginx/expressions.h"
#include "egctl/nginx/order.h"

namespace sluice::egctl::nginx {
namespace {

constexpr const char* kNoIndex = ".no-index";  // no file has this name

Json file_filter(const Location& location) {
  const auto found = std::ranges::find_if(
      location.content, [](const Json& filter) { return filter["kind"] == "FileServer"; });
  return found == location.content.end() ? Json() : *found;
}

Json guards_of(const Location& location) {
  Json guards = Json::array();
  for (const Json& filter : location.before) {
    if (filter["kind"] == "Validator" || filter["kind"] == "RateLimiter") guards.push_back(filter);
  }
  guards.push_back(location.path.value("ipFilter", Json()));
  return guards;
}

// Whether both send the same files to the same clients.
bool alike(const Location& a, const Location& b) {
  return !a.closed && !b.closed && !a.root.empty() && a.root == b.root &&
         guards_of(a) == guards_of(b);
}

// "/a/b" -> "b"
std::string_view last_segment(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Whether a file of this name in some folder of `location` may belong to `other`.
bool may_take(const Location& other, const std::string& name) {
  if (other.path.contains("pathRegexp"))
    return may_take_file(other.path["pathRegexp"].get<std::string>(), name);
  const std::string_view last = last_segment(other.text);
  return !last.empty() && name.starts_with(last);
}

class Settling {
 public:
  Settling(Location& location, const Locations& locations, Notes& notes)
      : location_(location), locations_(locations), notes_(notes) {}

  void check_index() {
    if (file_filter(location_).is_null() || !uses_folders()) return;
    for (const std::string& name : location_.index) {
      if (name.find_first_of("/$") != std::string::npos)
        return close("its index " + name + " is not converted");
      for (const Location& other : locations_.list) {
        if (&other == &location_ || alike(location_, other) || !may_take(other, name)) continue;
        return close("its index " + name + " may belong to location " + other.name);
      }
    }
  }

  void take_tries() {
    if (location_.tries == nullptr) return;
    const std::vector<std::string>& words = location_.tries->words;
    Json tries = Json::array();
    for (const std::string& word : words) {
      const bool last = &word == &words.back();
      const auto path = path_of(word);
      if (last && !word.starts_with("$uri")) {
        take_last(word, tries);
      } else if (path) {
        tries.push_back(*path);
      } else {
        return close("try_files is not converted");
      }
    }
    if (!location_.closed) set_tries(tries);
  }

 private:
  // nginx takes a folder of try_files only for a word that ends with a slash.
  [[nodiscard]] bool uses_folders() const {
    return location_.tries == nullptr ||
           std::ranges::any_of(location_.tries->words,
                               [](const std::string& word) { return word.ends_with('/'); });
  }

  void close(const std::string& why) {
    notes_.add(*location_.place,
               why + (location_.directive != nullptr ? ": it answers 503"
                                                     : ": what no location takes answers 503"));
    close_location(location_, kNotConverted);
  }

  // A FileServer sends clients of {path} to the folder, and looks for its index.
  void set_tries(Json tries) {
    const bool folders = uses_folders();
    for (Json& one : tries) {
      if (!folders && one == "{path}") one = "/{path}";
    }
    for (Json& filter : location_.content) {
      if (filter["kind"] != "FileServer") continue;
      filter["tryFiles"] = tries;
      if (!folders) filter["index"] = Json::array({kNoIndex});
    }
  }

  // "$uri/" -> "{path}/". nullopt: another variable.
  static std::optional<std::string> path_of(const std::string& word) {
    std::string path = word;
    if (path.starts_with("$uri")) path.replace(0, 4, "{path}");
    const bool valid = path.starts_with("{path}") || path.starts_with('/');
    return valid && path.find('$') == std::string::npos ? std::optional(path) : std::nullopt;
  }

  // A status, a named location, or the path of another request.
  void take_last(const std::string& word, Json& tries) {
    if (word.starts_with('=')) {
      tries.push_back(word);
    } else if (word.starts_with('@')) {
      const auto named = locations_.named.find(word);
      if (named == locations_.named.end()) return close("there is no location " + word);
      jump_to(named->second, "");
    } else {
      take_uri(word, tries);
    }
  }

  void take_uri(std::string uri, Json& tries) {
    for (const std::string_view query :
         {"?$args", "?$query_string", "?$is_args$args", "$is_args$args"}) {
      if (uri.ends_with(query)) uri.resize(uri.size() - query.size());
    }
    uri.resize(std::min(uri.find('?'), uri.size()));
    if (!uri.starts_with('/') || uri.find('$') != std::string::npos)
      return close("try_files is not converted");
    const Location* target = taker_of(locations_.list, uri);
    if (target == &location_ || (target != nullptr && alike(location_, *target))) {
      tries.push_back(uri);
    } else if (target == nullptr) {
      close("no location takes " + uri);
    } else {
      jump_to(*target, uri);
    }
  }

  // `uri`: "": the path stays.
  void jump_to(const Location& target, const std::string& uri) {
    const bool moved =
        location_.path.contains("rewriteTarget") || target.path.contains("rewriteTarget");
    const bool guarded =
        target.path.value("ipFilter", Json()) != location_.path.value("ipFilter", Json());
    if (moved || guarded || target.tries != nullptr) {
      notes_.add(*location_.tries,
                 "the way to location " + target.name + " is not converted: it answers 503");
      location_.fallback = {mock(kNotConverted)};
      return;
    }
    if (!uri.empty())
      location_.fallback.push_back(
          {{"name", "path"}, {"kind", "RequestAdaptor"}, {"path", {{"replace", uri}}}});
    for (const Json& filter : target.before) {
      // Those of the server stand before the files already.
      if (std::ranges::find(location_.before, filter) == location_.before.end())
        location_.fallback.push_back(filter);
    }
    location_.fallback.insert(location_.fallback.end(), target.content.begin(),
                              target.content.end());
    // A FileServer takes no notice of fields of the request.
    for (const char* field : {"setHeaders", "clientMaxBodySize"}) {
      if (target.path.contains(field)) location_.path[field] = target.path[field];
    }
  }

  Location& location_;
  const Locations& locations_;
  Notes& notes_;
};

}  // namespace

void settle_fallbacks(Locations& locations, Notes& notes) {
  for (Location& location : locations.list) Settling(location, locations, notes).check_index();
  for (Location& location : locations.list) Settling(location, locations, notes).take_tries();
  for (auto& [name, location] : locations.named) {
    // Only a jump leads here.
    if (location.tries != nullptr) close_location(location, kNotConverted);
  }
}

}  // namespace sluice::egctl::nginx
