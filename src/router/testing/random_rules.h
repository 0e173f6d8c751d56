// SPDX-License-Identifier: Apache-2.0
// For tests: rules and requests from so small an alphabet that many rules match one request.
#pragma once

#include <array>
#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"
#include "router/rule_spec.h"

namespace sluice::router {

class RandomRules {
 public:
  explicit RandomRules(unsigned seed) : random_(seed) {}

  [[nodiscard]] RouterSpec server() {
    RouterSpec spec;
    const auto mode = below(8);
    if (mode == 0) spec.path_normalization = "off";
    if (mode == 1) spec.path_normalization = "strict";
    if (below(8) == 0) spec.ip_filter = filter();
    plain_ = below(3) == 0;
    for (std::size_t i = below(below(4) == 0 ? 40 : 6) + 1; i > 0; --i)
      spec.rules.push_back(rule());
    return spec;
  }

  [[nodiscard]] http::Request request() {
    constexpr std::array<std::string_view, 4> kQueries{"", "", "?q=1", "?q=2&r=1"};
    constexpr std::array<std::string_view, 6> kRequested{"a.com",  "A.com:80",  "x.a.com",
                                                         "b.org.", "y.x.a.com", ""};
    http::Request out;
    out.method = pick(std::span(kMethods));
    out.host = pick(std::span(kRequested));
    for (int i = 0; i < 2; ++i) {
      if (below(3) == 0) out.headers.add("X-K", below(2) == 0 ? "1" : "2");
    }
    std::string target;
    do target = text(true) + std::string(pick(std::span(kQueries)));
    while (!out.set_target(target));
    return out;
  }

  [[nodiscard]] std::string_view address() {
    constexpr std::array<std::string_view, 3> kAddresses{"1.1.1.1", "2.2.2.2", ""};
    return pick(std::span(kAddresses));
  }

  [[nodiscard]] std::size_t below(std::size_t end) { return random_() % end; }

 private:
  static constexpr std::array<std::string_view, 4> kMethods{"GET", "PUT", "GET", "PURGE"};

  std::string_view pick(std::span<const std::string_view> list) { return list[below(list.size())]; }

  // Paths of a request have spellings that those of a rule have not.
  std::string text(bool of_request) {
    constexpr std::array<std::string_view, 8> kSegments{"a", "a", "b", "A", "ab", "aB", "7", "aba"};
    constexpr std::array<std::string_view, 8> kSpelt{"%61", "a;x", "a%2fb", "..",
                                                     "a.",  "",    "%2e",   "b%20"};
    std::string out;
    for (std::size_t i = below(4); i > 0; --i) {
      const bool spelt = of_request && below(10) == 0;
      out += "/";
      out += pick(spelt ? std::span(kSpelt) : std::span(kSegments));
    }
    if (out.empty() || below(5) == 0) out += "/";
    return out;
  }

  RuleSpec rule() {
    constexpr std::array<std::string_view, 8> kHosts{"a.com", "A.COM.", "*.a.com", "*a.com",
                                                     "x.a.*", "b*",     "b.org",   "*"};
    constexpr std::array<std::string_view, 4> kPatterns{"^a", "COM$", "x.a", "[^a]\\.org"};
    RuleSpec out;
    if (below(3) == 0) out.host = pick(std::span(kHosts));
    if (below(8) == 0) out.host_regexp = pick(std::span(kPatterns));
    if (below(6) == 0) out.hosts.push_back({false, std::string(pick(std::span(kHosts)))});
    if (below(9) == 0) out.hosts.push_back({true, std::string(pick(std::span(kPatterns)))});
    if (!plain_ && below(8) == 0) out.ip_filter = filter();
    for (std::size_t i = below(5); i > 0; --i) out.paths.push_back(path());
    return out;
  }

  PathSpec path() {
    constexpr std::array<std::string_view, 10> kPatterns{
        "^/a",     "b$",    "^/[^a]$", "(?i)^/AB", "/[0-9]+",
        "^/A|^/b", "^/a*b", "^/ab?/",  "^*B",      "[^b]/$"};
    constexpr std::array<std::string_view, 3> kBackends{"p", "q", "r"};
    PathSpec out;
    out.backend = pick(std::span(kBackends));
    if (plain_) out.backend = "p";
    if (below(2) == 0) out.path = text(false);
    if (below(3) == 0) out.path_prefix = text(false);
    if (below(4) == 0) out.path_regexp = pick(std::span(kPatterns));
    // Tells the routes of one treatment apart.
    if (!out.path.empty() || !out.path_prefix.empty() || !out.path_regexp.empty())
      out.rewrite_target = "/new/" + std::to_string(++made_) + "/";
    if (below(4) == 0) out.methods = {std::string(kMethods[below(2)])};
    if (!plain_ && below(8) == 0) out.set_headers["X-S"] = "1";
    if (!plain_ && below(8) == 0) out.client_max_body_size = 7;
    if (below(6) == 0) out.headers.push_back({.key = "X-K", .values = {"1"}, .regexp = ""});
    if (below(8) == 0) out.queries.push_back({.key = "q", .values = {}, .regexp = "1"});
    if (!plain_ && below(8) == 0) out.ip_filter = filter();
    return out;
  }

  IpFilterSpec filter() {
    IpFilterSpec out;
    out.block_by_default = below(3) == 0;
    (below(2) == 0 ? out.allow_ips : out.block_ips).emplace_back("1.1.1.0/24");
    return out;
  }

  std::mt19937 random_;
  bool plain_ = false;  // all routes treat a request alike, and have no filters
  std::size_t made_ = 0;
};

}  // namespace sluice::router
