// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/content.h"

#include <algorithm>

#include "base/text.h"
#include "egctl/nginx/answers.h"
#include "egctl/nginx/request_headers.h"
#include "egctl/nginx/units.h"

namespace sluice::egctl::nginx {
namespace {

constexpr std::string_view kCloses = "444";  // a status of nginx: no response

class Filling {
 public:
  Filling(Location& location, const Content& content, Settings& settings,
          const Surroundings& around, Notes& notes)
      : location_(location),
        content_(content),
        settings_(settings),
        around_(around),
        notes_(notes) {}

  void run() {
    add_conditions();
    if (settings_.closed == 0) add_content();
    if (settings_.closed != 0) close_location(location_, settings_.closed);
    if (!location_.closed) add_before();
  }

 private:
  void close(const Directive& directive, const std::string& why) {
    close_for(directive, why, settings_, notes_);
  }
  // The directive of which it is said that the location is closed.
  const Directive& self() const { return *location_.directive; }

  void add_conditions() {
    if (settings_.body_bytes_max) {
      const std::int64_t bytes = *settings_.body_bytes_max;
      location_.path["clientMaxBodySize"] = bytes == 0 ? -1 : bytes;
    }
    const auto filter = ip_filter(settings_.access.addresses);
    if (!filter) {
      close(settings_.access.addresses[0], "no ipFilter has this order of allow and deny");
    } else if (!filter->is_null()) {
      location_.path["ipFilter"] = *filter;
      if (around_.proxied)
        close(settings_.access.addresses[0],
              "nginx compares the peer, and Sluice the client of the PROXY header");
    }
    if (settings_.access.realm && settings_.access.user_file.empty())
      close(*settings_.access.asks, "has no file of users");
  }

  void add_content() {
    if (content_.redirect != nullptr) {
      add_redirect(*content_.redirect);
    } else if (content_.answer != nullptr) {
      add_answer(*content_.answer);
    } else if (content_.pass != nullptr) {
      add_pass(*content_.pass);
    } else if (content_.alias != nullptr || !settings_.root.empty()) {
      add_files();
    } else if (location_.directive == nullptr) {
      location_.content = {mock(kNotFound)};
    } else {
      close(self(), "nothing in it is converted");
    }
  }

  void add_redirect(const Directive& rewrite) {
    const auto filter = redirect_of_rewrite(rewrite, around_.server_name);
    if (!filter) return close(rewrite, "is not converted");
    location_.content = {*filter};
  }

  void add_answer(const Directive& answer) {
    const auto filter = answer_filter(answer, around_.server_name, settings_.type);
    if (!filter) return close(answer, "is not converted");
    if (!answer.words.empty() && answer.words[0] == kCloses)
      notes_.add(answer,
                 "444: nginx closes the connection without a response; Sluice sends a response "
                 "of status 444, and keeps the connection");
    location_.content = {*filter};
  }

  void add_pass(const Directive& pass) {
    if (content_.tries != nullptr)
      return close(*content_.tries, "is not converted beside proxy_pass");
    const auto target = target_of(pass, notes_);
    if (!target) return close(pass, "is not converted");
    const auto pool = pool_of(*target, around_.upstreams, notes_);
    if (!pool) return close(pass, "is not converted");
    const auto changes =
        header_changes(settings_.headers,
                       {around_.server_name, std::to_string(around_.port), target->host}, notes_);
    if (!changes) return close(pass, "is not converted");
    if (!target->uri.empty()) {
      const bool has_path = is_prefix(location_) || location_.match == Location::Match::exact;
      if (!has_path || target->uri.find('?') != std::string::npos)
        return close(pass, "the URI of this location is not converted");
      location_.path["rewriteTarget"] = target->uri;
    }
    if (!changes->set.empty()) location_.path["setHeaders"] = changes->set;
    if (!changes->keep_host && !changes->host.empty())
      location_.content.push_back(
          {{"name", "host"}, {"kind", "RequestAdaptor"}, {"host", changes->host}});
    location_.content.push_back(proxy(*pool));
    if (takes_upgrades()) location_.tunnel_time = settings_.read_time;
  }

  [[nodiscard]] bool takes_upgrades() const {
    return std::ranges::any_of(settings_.headers, [](const Directive& one) {
      return !one.words.empty() && lower_case(one.words[0]) == "upgrade";
    });
  }

  Json proxy(Json pool) const {
    if (settings_.connect_time) pool["connectTimeout"] = duration_of(*settings_.connect_time);
    if (settings_.read_time || settings_.send_time) {
      const std::int64_t time =
          std::max(settings_.read_time.value_or(0), settings_.send_time.value_or(0));
      pool["silenceTimeout"] = duration_of(time);
    }
    if (settings_.tries_next && pool["servers"].size() > 1) pool["retryPolicy"] = kNextServer;
    Json filter = {{"name", "proxy"}, {"kind", "Proxy"}, {"pools", Json::array({pool})}};
    if (settings_.gzip) filter["compression"] = {{"minLength", settings_.gzip_min_length}};
    return filter;
  }

  void add_files() {
    if (settings_.types != nullptr) return close(*settings_.types, "is not converted");
    location_.root = settings_.root;
    std::string root = settings_.root;
    if (content_.alias != nullptr) {
      const Directive& alias = *content_.alias;
      const bool valid = is_prefix(location_) && alias.words.size() == 1 &&
                         alias.words[0].find('$') == std::string::npos;
      if (!valid) return close(alias, "is not converted");
      location_.root.clear();
      root = alias.words[0];
      location_.path["rewriteTarget"] = "/";
    }
    location_.tries = content_.tries;
    location_.index = settings_.index;
    if (location_.index.empty()) location_.index = {"index.html"};
    Json filter = {{"name", "files"},
                   {"kind", "FileServer"},
                   {"root", around_.path_of(root)},
                   {"index", location_.index}};
    if (settings_.gzip) filter["compress"] = "gzip";
    if (settings_.precompressed) filter["precompressed"] = Json::array({"gzip"});
    location_.content = {filter};
  }

  void add_before() {
    const bool proxied = content_.pass != nullptr;
    Json adaptor = response_adaptor(settings_.response, proxied, notes_);
    std::vector<Json> before;
    if (!adaptor.is_null()) before.push_back(std::move(adaptor));
    before.insert(before.end(), around_.before.begin(), around_.before.end());
    before.insert(before.end(), location_.before.begin(), location_.before.end());
    if (auto limiter = rate_limiter(settings_.limits, around_.zones, notes_))
      before.push_back(*std::move(limiter));
    if (settings_.access.realm) {
      Access access = settings_.access;
      access.user_file = around_.path_of(access.user_file);
      before.push_back(validator(access));
    }
    location_.before = std::move(before);
  }

  Location& location_;
  const Content& content_;
  Settings& settings_;
  const Surroundings& around_;
  Notes& notes_;
};

}  // namespace

void fill(Location& location, const Content& content, Settings settings, const Surroundings& around,
          Notes& notes) {
  Filling(location, content, settings, around, notes).run();
}

Location remaining_location(const Directive* answer, Settings settings, const Surroundings& around,
                            Notes& notes) {
  Location location{.text = "/", .place = around.server, .path = {{"pathPrefix", "/"}}};
  fill(location, {.answer = answer}, std::move(settings), around, notes);
  return location;
}

}  // namespace sluice::egctl::nginx
