// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/locations.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "egctl/nginx/answers.h"
#include "egctl/nginx/content.h"
#include "egctl/nginx/expressions.h"

namespace sluice::egctl::nginx {
namespace {

// Whether all that it does is to refuse.
bool refuses(const Location& location) {
  if (location.content.size() != 1 || location.content[0]["kind"] != "Mock") return false;
  return location.content[0]["rules"][0]["code"].get<int>() >= 400;
}

struct Sign {
  std::string sign;  // "=", "^~", "~", "~*", or "" of a prefix
  std::string text;
};

std::optional<Sign> sign_of(const Directive& directive) {
  const std::vector<std::string>& words = directive.words;
  if (words.empty() || words.size() > 2) return std::nullopt;
  if (words.size() == 2) return Sign{words[0], words[1]};
  // "=/a" is `= /a`.
  for (const std::string_view sign : {"=", "^~", "~*", "~"}) {
    if (words[0].starts_with(sign) && words[0].size() > sign.size())
      return Sign{std::string(sign), words[0].substr(sign.size())};
  }
  return Sign{"", words[0]};
}

bool is_regexp(const Sign& sign) { return sign.sign == "~" || sign.sign == "~*"; }

class LocationReader {
 public:
  LocationReader(const Surroundings& around, Locations& out, Notes& notes)
      : around_(around), out_(out), notes_(notes) {}

  void add(const Directive& directive, Settings settings, const Location* outer) {
    const auto sign = sign_of(directive);
    if (!sign) return lose(directive);
    Location location{.name = sign->text, .directive = &directive, .place = &directive};
    if (outer != nullptr) {
      location.around = outer->around;
      location.around.push_back(outer->directive);
    }
    const bool named = sign->text.starts_with('@');
    const bool shut = settings.closed != 0;
    bool wider = false;
    if (!named && !set_match(*sign, outer, location, wider)) return lose(directive);
    read(directive, settings, location);
    if (!named && !shut) add_slash(location, settings.response);
    if (wider) close_wider(location);
    if (named) {
      out_.named[sign->text] = std::move(location);
    } else {
      out_.list.push_back(std::move(location));
    }
  }

  void add_first(const Directive& rewrite, Settings& settings) {
    const auto expression =
        rewrite.words.empty() ? std::nullopt : expression_of(rewrite.words[0], false);
    if (!expression) return close_for(rewrite, "is not converted", settings, notes_);
    Location made{.match = Location::Match::first,
                  .name = "rewrite",
                  .directive = &rewrite,
                  .place = &rewrite};
    made.path["pathRegexp"] = expression->text;
    put_rewrite(rewrite, *expression, settings, made);
    out_.list.push_back(std::move(made));
  }

 private:
  void lose(const Directive& directive) {
    notes_.add(directive, "its paths cannot be told from others: the server answers 503");
    out_.lost = &directive;
  }

  // False: there is no condition that takes its requests and no others.
  bool set_match(const Sign& sign, const Location* outer, Location& location, bool& wider) {
    if (is_regexp(sign)) {
      const auto expression = expression_of(sign.text, sign.sign == "~*");
      if (!expression) return false;
      wider = expression->wider;
      location.match = Location::Match::regexp;
      location.path["pathRegexp"] = expression->text;
      if (outer == nullptr) return true;
      const auto inner = within(outer->text, expression->text);
      if (!inner || !is_prefix(*outer)) return false;
      location.match = Location::Match::inner_regexp;
      location.text = outer->text;
      location.path["pathRegexp"] = *inner;
      return true;
    }
    location.text = sign.text;
    if (sign.sign == "=") {
      location.match = Location::Match::exact;
      location.path["path"] = sign.text;
      return true;
    }
    location.match = sign.sign == "^~" ? Location::Match::firm_prefix : Location::Match::prefix;
    location.path["pathPrefix"] = sign.text;
    return sign.sign.empty() || sign.sign == "^~";
  }

  // nginx redirects to the location of another server if only its slash is missing. It does so
  // before anything in the location refuses: also to one that is closed.
  void add_slash(const Location& location, const ResponseHeaders& headers) {
    if (!is_prefix(location) || location.text.size() < 2 || !location.text.ends_with('/') ||
        !goes_elsewhere(*location.directive))
      return;
    const std::string path = location.text.substr(0, location.text.size() - 1);
    if (is_rewritten(location))
      return notes_.add(*location.directive,
                        path + " is not redirected to it, and goes to another location");
    const bool internal = has(*location.directive, "internal");
    Location made{.match = Location::Match::exact,
                  .text = path,
                  .name = path + "/slash",
                  .directive = location.directive,
                  .place = location.place,
                  .around = location.around,
                  .path = {{"path", path}},
                  .before = around_.before,
                  .content = {internal ? mock(kNotFound) : slash_redirect(location.text)},
                  .adds_slash = true};
    if (Json adaptor = response_adaptor(headers, false, notes_); !adaptor.is_null())
      made.before.insert(made.before.begin(), std::move(adaptor));
    out_.list.push_back(std::move(made));
  }

  // Its path is that of an expression then, beside which a rule for the path without its slash
  // would make it ambiguous.
  static bool is_rewritten(const Location& location) {
    return std::ranges::any_of(location.directive->block, [&location](const Directive& one) {
      if (one.name != "rewrite" || one.words.empty()) return false;
      const auto expression = expression_of(one.words[0], false);
      return expression && found_in(expression->text, location.text);
    });
  }

  static bool has(const Directive& location, std::string_view name) {
    return std::ranges::find(location.block, name, &Directive::name) != location.block.end();
  }

  static bool goes_elsewhere(const Directive& location) {
    constexpr std::array<std::string_view, 6> kPasses = {
        "proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"};
    return std::ranges::any_of(kPasses, [&](std::string_view name) { return has(location, name); });
  }

  void close_wider(Location& location) {
    notes_.add(*location.directive,
               "RE2 has no form for the expression: a wider one stands here, and answers " +
                   std::string(refuses(location) ? "as in nginx" : "503"));
    if (!refuses(location)) close_location(location, kNotConverted);
  }

  void read(const Directive& directive, Settings& settings, Location& location) {
    Content content;
    std::vector<const Directive*> inner;
    std::vector<const Directive*> rewrites;
    bool internal = false;
    for (const Directive* one : take_settings(directive.block, Level::location, settings, notes_)) {
      const bool reached = content.answer == nullptr && content.redirect == nullptr;
      if (one->name == "location") {
        inner.push_back(one);
      } else if (one->name == "internal") {
        internal = true;
      } else if (one->name == "rewrite" && !one->words.empty()) {
        if (reached && takes_all(one->words[0]) && !is_break(*one)) content.redirect = one;
        if (reached && content.redirect == nullptr) rewrites.push_back(one);
      } else if (one->name == "if") {
        if (reached) add_if(*one, settings, location);
      } else if (one->name == "return") {
        if (reached) content.answer = one;
      } else if (!take_content(*one, content)) {
        leave_out(*one, settings, notes_);
      }
    }
    std::erase_if(inner, [&](const Directive* one) {
      if (is_inside(*one, location)) return false;
      close_for(*one, "its paths cannot be told from others", settings, notes_);
      return true;
    });
    for (const Directive* one : rewrites) add_rewrite(*one, settings, content, location);
    for (const Directive* one : inner) add(*one, settings, &location);
    fill(location, content, settings, around_, notes_);
    if (internal) close_location(location, kNotFound);
  }

  static bool take_content(const Directive& directive, Content& content) {
    if (directive.name == "proxy_pass") {
      content.pass = &directive;
    } else if (directive.name == "alias") {
      content.alias = &directive;
    } else if (directive.name == "try_files") {
      content.tries = &directive;
    } else {
      return false;
    }
    return true;
  }

  void add_if(const Directive& directive, Settings& settings, Location& location) {
    auto filter = redirect_of_if(directive, around_.server_name);
    if (!filter) return close_for(directive, "is not converted", settings, notes_);
    location.before.push_back(*std::move(filter));
  }

  // Whether a location inside this one has a path of its own.
  static bool is_inside(const Directive& inner, const Location& location) {
    const auto sign = sign_of(inner);
    if (!sign || !is_prefix(location)) return false;
    if (!is_regexp(*sign)) return sign->text.starts_with(location.text);
    const auto expression = expression_of(sign->text, sign->sign == "~*");
    return expression && within(location.text, expression->text);
  }

  // A rewrite of some of the paths goes before the location.
  void add_rewrite(const Directive& rewrite, Settings& settings, const Content& content,
                   const Location& location) {
    const auto expression = expression_of(rewrite.words[0], false);
    if (location.match == Location::Match::exact && expression &&
        !found_in(expression->text, location.text))
      return;
    const auto inner =
        expression && is_prefix(location) ? within(location.text, expression->text) : std::nullopt;
    if (!inner) return close_for(rewrite, "is not converted", settings, notes_);
    Location made = location;
    made.before.clear();
    made.path = {{"pathRegexp", *inner}};
    // rewriteTarget changes the path before the filters of an earlier `if` see it.
    const bool kept = location.before.empty() && settings.closed == 0 && !expression->wider;
    if (const auto target = path_of_break(rewrite); kept && target && is_address(content.pass)) {
      made.path["rewriteTarget"] = *target;
      fill(made, {.pass = content.pass, .tries = content.tries}, settings, around_, notes_);
    } else {
      put_rewrite(rewrite, *expression, settings, made);
    }
    out_.list.push_back(std::move(made));
  }

  // Whether it is a proxy_pass without the path that replaces the location.
  static bool is_address(const Directive* pass) {
    if (pass == nullptr || pass->words.empty()) return false;
    const std::string& url = pass->words[0];
    const std::size_t scheme = url.find("://");
    return scheme != std::string::npos && url.find('/', scheme + 3) == std::string::npos;
  }

  void put_rewrite(const Directive& rewrite, const Expression& expression, const Settings& settings,
                   Location& made) {
    const auto filter = redirect_of_rewrite(rewrite, around_.server_name);
    if (filter && !expression.wider && settings.closed == 0) {
      made.content = {*filter};
      Json adaptor = response_adaptor(settings.response, false, notes_);
      if (!adaptor.is_null()) made.before = {std::move(adaptor)};
      return;
    }
    notes_.add(rewrite, "is not converted: the paths that it takes answer 503");
    close_location(made, kNotConverted);
  }

  const Surroundings& around_;
  Locations& out_;
  Notes& notes_;
};

}  // namespace

void add_location(const Directive& directive, const Settings& outer, const Surroundings& around,
                  Locations& locations, Notes& notes) {
  LocationReader(around, locations, notes).add(directive, outer, nullptr);
}

void add_rewrite(const Directive& directive, Settings& settings, const Surroundings& around,
                 Locations& locations, Notes& notes) {
  LocationReader(around, locations, notes).add_first(directive, settings);
}

}  // namespace sluice::egctl::nginx
