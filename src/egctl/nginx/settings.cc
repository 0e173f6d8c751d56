// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/settings.h"

#include <algorithm>
#include <string_view>

#include "egctl/nginx/harmless.h"
#include "egctl/nginx/request_headers.h"
#include "egctl/nginx/units.h"

namespace sluice::egctl::nginx {
namespace {

std::string first_word(const Directive& directive) {
  return directive.words.empty() ? "" : directive.words[0];
}

bool is_off(const Directive& directive) { return first_word(directive) == "off"; }

// The beginning of a list that replaces that of the outer level.
void begin_list(const std::vector<Directive>& block, std::initializer_list<std::string_view> names,
                std::vector<Directive>& list) {
  const bool own = std::ranges::any_of(block, [&names](const Directive& one) {
    return std::ranges::find(names, one.name) != names.end();
  });
  if (own) list.clear();
}

bool take_size(const Directive& directive, std::int64_t& value, Notes& notes) {
  const auto size = size_of(first_word(directive));
  if (!size) notes.add(directive, "is no size");
  value = size.value_or(value);
  return size.has_value();
}

void take_time(const Directive& directive, std::optional<std::int64_t>& value, Notes& notes) {
  const auto time = milliseconds_of(first_word(directive));
  if (!time || *time == 0) return notes.add(directive, "is no time");
  value = time;
}

bool take_access(const Directive& directive, Settings& settings) {
  const std::string& name = directive.name;
  if (name == "allow" || name == "deny") {
    settings.access.addresses.push_back(directive);
  } else if (name == "auth_basic") {
    const std::string realm = first_word(directive);
    if (realm.find('$') != std::string::npos) return false;
    settings.access.realm = realm;
    if (is_off(directive)) settings.access.realm.reset();
    settings.access.asks = &directive;
  } else if (name == "auth_basic_user_file") {
    if (first_word(directive).find('$') != std::string::npos) return false;
    settings.access.user_file = first_word(directive);
  } else {
    // To switch off what is not converted changes nothing.
    return ((name == "auth_request" || name == "auth_jwt") && is_off(directive)) ||
           (name == "satisfy" && first_word(directive) == "all");
  }
  return true;
}

bool take_response(const Directive& directive, Settings& settings) {
  if (directive.name == "add_header") {
    settings.response.added.push_back(directive);
  } else if (directive.name == "proxy_hide_header") {
    settings.response.hidden.push_back(directive);
  } else if (directive.name == "expires") {
    settings.response.expiry = directive;
  } else {
    return false;
  }
  return true;
}

// Other words than `off` and the defaults name more failures.
void take_next_server(const Directive& directive, Settings& settings, Notes& notes) {
  settings.tries_next = !is_off(directive);
  for (const std::string& word : directive.words) {
    if (word != "off" && word != "error" && word != "timeout")
      notes.add(directive, word + " is not converted: see failureCodes of the Proxy's pool");
  }
}

bool take_transfer(const Directive& directive, Settings& settings, Notes& notes) {
  const std::string& name = directive.name;
  if (name == "proxy_set_header") {
    settings.headers.push_back(directive);
  } else if (name == "gzip") {
    settings.gzip = first_word(directive) == "on";
  } else if (name == "gzip_static") {
    settings.precompressed = !is_off(directive);
  } else if (name == "gzip_min_length") {
    (void)take_size(directive, settings.gzip_min_length, notes);
  } else if (name == "client_max_body_size") {
    std::int64_t bytes = 0;
    if (take_size(directive, bytes, notes)) settings.body_bytes_max = bytes;
  } else if (name == "proxy_connect_timeout") {
    take_time(directive, settings.connect_time, notes);
  } else if (name == "proxy_read_timeout") {
    take_time(directive, settings.read_time, notes);
  } else if (name == "proxy_send_timeout") {
    take_time(directive, settings.send_time, notes);
  } else if (name == "proxy_next_upstream") {
    take_next_server(directive, settings, notes);
  } else if (name == "limit_req") {
    settings.limits.push_back(directive);
  } else {
    return false;
  }
  return true;
}

bool take_client(const Directive& directive, Level level, Settings& settings) {
  if (level == Level::location) return false;
  if (directive.name == "set_real_ip_from") {
    settings.real_ip.from.push_back(directive);
  } else if (directive.name == "real_ip_header") {
    settings.real_ip.header = directive;
  } else if (directive.name == "real_ip_recursive") {
    settings.real_ip.recursive = first_word(directive) == "on";
  } else {
    return false;
  }
  return true;
}

bool take_files(const Directive& directive, Level level, Settings& settings) {
  const std::string& name = directive.name;
  if (name == "root") {
    if (first_word(directive).find('$') != std::string::npos) return false;
    settings.root = first_word(directive);
  } else if (name == "index") {
    settings.index = directive.words;
  } else if (name == "default_type") {
    if (level != Level::http) settings.type = first_word(directive);
  } else if (name == "types") {
    if (level != Level::http) settings.types = &directive;
  } else {
    return false;
  }
  return true;
}

// "-": there is nothing to say. A text with a colon in front is a sentence.
std::string remark(std::string_view text) {
  if (text == "-") return "";
  if (text.starts_with(':')) return std::string(text);
  return ": see " + std::string(text);
}

bool is_harmless_here(const Directive& directive) {
  // nginx sets a variable of its own only for directives that use it. Others would change.
  if (directive.name == "set")
    return first_word(directive).starts_with('$') &&
           !is_variable(std::string_view(directive.words[0]).substr(1));
  return directive.name == "include" && first_word(directive).ends_with("mime.types");
}

}  // namespace

std::vector<const Directive*> take_settings(const std::vector<Directive>& block, Level level,
                                            Settings& settings, Notes& notes) {
  begin_list(block, {"proxy_set_header"}, settings.headers);
  begin_list(block, {"add_header"}, settings.response.added);
  begin_list(block, {"proxy_hide_header"}, settings.response.hidden);
  begin_list(block, {"limit_req"}, settings.limits);
  if (level != Level::location) begin_list(block, {"set_real_ip_from"}, settings.real_ip.from);
  begin_list(block, {"allow", "deny"}, settings.access.addresses);
  std::vector<const Directive*> rest;
  for (const Directive& directive : block) {
    if (!take_access(directive, settings) && !take_response(directive, settings) &&
        !take_transfer(directive, settings, notes) && !take_files(directive, level, settings) &&
        !take_client(directive, level, settings))
      rest.push_back(&directive);
  }
  return rest;
}

void leave_out(const Directive& directive, Settings& settings, Notes& notes) {
  if (is_harmless_here(directive)) return;
  const auto harmless = if_harmless(directive.name);
  if (!harmless) return close_for(directive, "is not converted", settings, notes);
  if (!harmless->empty()) notes.add(directive, "is not converted" + remark(*harmless));
}

void close_for(const Directive& directive, const std::string& why, Settings& settings,
               Notes& notes) {
  const int status = keeps_out(directive.name) ? kForbidden : kNotConverted;
  if (settings.closed == 0) settings.closed = status;
  const std::string file = directive.name == "include" && !directive.words.empty()
                               ? directive.words[0] + " cannot be read"
                               : why;
  notes.add(directive, file + ": " + std::string(kUnnamedPlace) + " answers " +
                           std::to_string(settings.closed) + " until you see to it");
}

}  // namespace sluice::egctl::nginx
