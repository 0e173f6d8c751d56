// SPDX-License-Identifier: Apache-2.0
// Covers: host_matcher.cc, method_set.cc, path_matcher.cc, value_matcher.cc
#include "router/router.h"

#include <gtest/gtest.h>

#include "router/testing/make_router.h"

namespace sluice::router {
namespace {

struct Ask {
  std::string method = "GET";
  std::string host = "shop.com";
  std::string target = "/";
  std::string ip = "8.8.8.8";
  std::vector<http::Field> headers{};
};

http::Request make_request(const Ask& ask) {
  http::Request request;
  request.method = ask.method;
  request.host = ask.host;
  EXPECT_TRUE(request.set_target(ask.target));
  for (const http::Field& field : ask.headers) request.headers.add(field.name, field.value);
  return request;
}

// Returns the backend, or the status; for 405 with the allowed methods.
std::string ask(const Router& router, const Ask& question) {
  const Match match = router.route(make_request(question), question.ip);
  if (match.status == 0) return match.route->backend;
  return std::to_string(match.status) + (match.allow.empty() ? "" : " " + match.allow);
}

struct Case {
  Ask ask;
  std::string answer;
};

void check(const Router& router, const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    EXPECT_EQ(ask(router, each.ask), each.answer)
        << each.ask.method << " " << each.ask.host << each.ask.target << " " << each.ask.ip;
  }
}

TEST(Router, WithoutRulesKnowsNothing) { check(Router(), {{{}, "404"}}); }

TEST(Router, MatchesHosts) {
  const Router router = make_router(R"(
rules:
- {host: Exact.com, paths: [{backend: exact}]}
- {host: "*.suffix.com", paths: [{backend: suffix}]}
- {host: "prefix.*", paths: [{backend: prefix}]}
- {hostRegexp: "^Re[0-9]", paths: [{backend: regexp}]}
- {host: or1.com, hostRegexp: or2, hosts: [{value: or3.com}, {isRegexp: true, value: or4$}],
   paths: [{backend: or}]}
- {host: "[::1]", paths: [{backend: v6}]}
)");
  check(router, {{{.host = "exact.com"}, "exact"},
                 {{.host = "EXACT.COM:8080"}, "exact"},
                 {{.host = "exact.com."}, "exact"},
                 {{.host = "exact.com.:80"}, "exact"},
                 {{.host = "exact.com.."}, "exact"},
                 {{.host = "an.exact.com"}, "404"},
                 {{.host = "a.Suffix.com"}, "suffix"},
                 {{.host = "suffix.com"}, "404"},
                 {{.host = "prefix.org"}, "prefix"},
                 {{.host = "prefix"}, "404"},
                 {{.host = "RE5.com"}, "regexp"},
                 {{.host = "more5.com"}, "404"},
                 {{.host = "or1.com"}, "or"},
                 {{.host = "a.or2.b"}, "or"},
                 {{.host = "or3.com"}, "or"},
                 {{.host = "for4"}, "or"},
                 {{.host = "or4.com"}, "404"},
                 {{.host = "[::1]:80"}, "v6"},
                 {{.host = ""}, "404"}});
}

TEST(Router, MatchesPathsInOrder) {
  const Router router = make_router(R"(
rules:
- paths:
  - {path: /exact, backend: exact}
  - {pathPrefix: /pre, backend: prefix}
  - {pathRegexp: "[0-9]{3}", backend: regexp}
  - {path: /x, pathPrefix: /y, pathRegexp: ^/z$, backend: any-of-three}
- paths:
  - {pathPrefix: "/with space", backend: decoded}
  - {methods: [PUT], backend: rest}
)");
  check(router, {{{.target = "/exact"}, "exact"},
                 {{.target = "/exact?a=b"}, "exact"},
                 {{.target = "/%65xact"}, "exact"},
                 {{.target = "/exact/"}, "405 PUT"},
                 {{.target = "/prefixed"}, "prefix"},
                 {{.target = "/a/123/b"}, "regexp"},
                 {{.target = "/x"}, "any-of-three"},
                 {{.target = "/yes"}, "any-of-three"},
                 {{.target = "/z"}, "any-of-three"},
                 {{.target = "/zz"}, "405 PUT"},
                 {{.target = "/with%20space/x"}, "decoded"},
                 {{.method = "PUT", .target = "/other"}, "rest"},
                 {{.method = "OPTIONS", .target = "*"}, "405 PUT"}});
}

TEST(Router, TellsTheAllowedMethods) {
  const Router router = make_router(R"(
rules:
- paths:
  - {path: /a, methods: [POST, GET], backend: a}
  - {path: /a, methods: [DELETE], backend: b}
  - {path: /b, methods: [PUT], backend: c}
)");
  check(router, {{{.method = "GET", .target = "/a"}, "a"},
                 {{.method = "DELETE", .target = "/a"}, "b"},
                 {{.method = "PATCH", .target = "/a"}, "405 GET, POST, DELETE"},
                 {{.method = "PURGE", .target = "/b"}, "405 PUT"},
                 {{.method = "get", .target = "/a"}, "405 GET, POST, DELETE"},
                 {{.target = "/c"}, "404"}});
}

TEST(Router, TestsHeaders) {
  const Router router = make_router(R"(
rules:
- paths:
  - path: /any
    backend: any
    headers: [{key: X-A, values: [1, 2]}, {key: X-B, regexp: ^b}]
  - path: /all
    backend: all
    matchAllHeader: true
    headers: [{key: X-A, values: [1, a2], regexp: a}, {key: X-B, regexp: ^b}]
  - {path: /absent, backend: absent, headers: [{key: X-A, values: [""]}]}
  - {path: /host, backend: host, headers: [{key: host, values: ["a.com:80"]}]}
)");
  check(router, {{{.target = "/any"}, "400"},
                 {{.target = "/any", .headers = {{"x-a", "2"}}}, "any"},
                 {{.target = "/any", .headers = {{"X-B", "bb"}}}, "any"},
                 {{.target = "/any", .headers = {{"X-A", "3"}, {"X-A", "1"}}}, "any"},
                 {{.target = "/any", .headers = {{"X-A", "3, 1"}}}, "any"},
                 {{.target = "/any", .headers = {{"X-A", "3"}, {"X-A", "4, 5"}}}, "400"},
                 {{.target = "/all", .headers = {{"X-A", "a2"}, {"X-B", "b"}}}, "all"},
                 {{.target = "/all", .headers = {{"X-A", "1"}, {"X-B", "b"}}}, "400"},
                 {{.target = "/all", .headers = {{"X-A", "a3"}, {"X-B", "b"}}}, "400"},
                 {{.target = "/all", .headers = {{"X-A", "a2"}}}, "400"},
                 {{.target = "/absent"}, "absent"},
                 {{.target = "/absent", .headers = {{"X-A", "1"}}}, "400"},
                 {{.host = "a.com:80", .target = "/host"}, "host"}});
}

TEST(Router, TestsQueries) {
  const Router router = make_router(R"(
rules:
- paths:
  - {path: /any, backend: any, queries: [{key: a, values: [1]}, {key: b, regexp: "^\\d$"}]}
  - path: /all
    backend: all
    matchAllQuery: true
    queries: [{key: a, values: ["x y"]}, {key: b, values: [2]}]
)");
  check(router, {{{.target = "/any?a=1"}, "any"},
                 {{.target = "/any?b=7"}, "any"},
                 {{.target = "/any?a=2&a=1"}, "any"},
                 {{.target = "/any?%61=2&a=3"}, "400"},
                 {{.target = "/any"}, "400"},
                 {{.target = "/all?b=2&a=x+y"}, "all"},
                 {{.target = "/all?b=2&a=x%20y"}, "all"},
                 {{.target = "/all?a=x+y"}, "400"}});
}

TEST(Router, ServerFilterRefusesFirst) {
  const Router router = make_router(R"(
ipFilter: {blockByDefault: true, allowIPs: [10.0.0.0/8]}
rules: [{paths: [{path: /a, backend: a}]}]
)");
  check(router, {{{.target = "/a", .ip = "10.1.1.1"}, "a"},
                 {{.target = "/none", .ip = "10.1.1.1"}, "404"},
                 {{.target = "/none"}, "403"},
                 {{.target = "/a", .ip = ""}, "403"}});
}

// The address filter of a path also applies if a later path matches every request.
TEST(Router, RuleAndPathFiltersRefuseWhatFitsElse) {
  const Router router = make_router(R"(
rules:
- ipFilter: {blockIPs: [8.8.8.8]}
  paths: [{path: /rule, backend: rule}]
- paths:
  - {path: /path, methods: [GET], backend: path, ipFilter: {blockIPs: [9.9.9.9]}}
  - {path: /path, methods: [PUT], backend: put}
  - {pathPrefix: /, methods: [GET], backend: all}
)");
  check(router, {{{.target = "/rule", .ip = "1.1.1.1"}, "rule"},
                 {{.target = "/rule", .ip = "8.8.8.8"}, "403"},
                 {{.target = "/rule/", .ip = "8.8.8.8"}, "400"},
                 {{.target = "/other", .ip = "8.8.8.8"}, "all"},
                 {{.method = "POST", .target = "/other", .ip = "8.8.8.8"}, "403"},
                 {{.method = "POST", .target = "/other", .ip = "1.1.1.1"}, "405 GET"},
                 {{.target = "/path", .ip = "1.1.1.1"}, "path"},
                 {{.target = "/path", .ip = "9.9.9.9"}, "403"},
                 {{.target = "/PATH", .ip = "9.9.9.9"}, "400"},
                 {{.method = "PUT", .target = "/path", .ip = "9.9.9.9"}, "put"}});
}

// All paths lead to one backend: only the filter tells them apart.
TEST(Router, AFilterTellsPathsOfOneBackendApart) {
  const Router router = make_router(R"(
rules:
- paths:
  - {path: /admin, backend: shop, ipFilter: {blockIPs: [9.9.9.9]}}
  - {pathPrefix: /, backend: shop}
)");
  check(router, {{{.target = "/other", .ip = "9.9.9.9"}, "shop"},
                 {{.target = "/admin", .ip = "9.9.9.9"}, "403"},
                 {{.target = "/ADMIN", .ip = "9.9.9.9"}, "400"},
                 {{.target = "/admin/", .ip = "9.9.9.9"}, "400"},
                 {{.target = "/ADMIN", .ip = "1.1.1.1"}, "shop"}});
}

TEST(Router, WeighsRefusals) {
  const Router router = make_router(R"(
rules:
- paths:
  - {path: /a, methods: [PUT], backend: a}
  - {path: /a, headers: [{key: X, values: [1]}], backend: b}
  - {path: /a, ipFilter: {blockIPs: [9.9.9.9]}, headers: [{key: Y, values: [1]}], backend: c}
  - {path: /b, methods: [PUT], headers: [{key: X, values: [1]}], backend: d}
)");
  check(router, {{{.target = "/a"}, "400"},
                 {{.target = "/a", .ip = "9.9.9.9"}, "400"},
                 {{.target = "/a", .ip = "9.9.9.9", .headers = {{"Y", "1"}}}, "403"},
                 {{.target = "/b"}, "405 PUT"},
                 {{.target = "/c"}, "404"}});
}

constexpr std::string_view kTree = R"(
routerKind: RadixTree
rules:
- paths:
  - {path: "/u/*", backend: wildcard}
  - {path: "/u/{name}/card", backend: parameter}
  - {path: "/u/{name:[a-z]+}/card", backend: expression}
  - {path: "/u/ann/card", backend: text}
  - {path: "/u/x{name}/card", backend: text-first}
  - {path: "/d/{year:[0-9]{4}}-{day}.html", backend: mixed}
  - {path: "/s/{any:.*}/end", backend: one-segment}
  - {pathPrefix: /u/pre, backend: prefix}
  - {pathRegexp: ".", methods: [GET], backend: regexp}
)";

TEST(Router, RadixTreeTriesTheMoreExactPathFirst) {
  check(make_router(kTree), {{{.target = "/u/ann/card"}, "text"},
                             {{.target = "/u/bob/card"}, "expression"},
                             {{.target = "/u/b0b/card"}, "parameter"},
                             {{.target = "/u/xeno/card"}, "text-first"},
                             {{.target = "/u/bob/cards"}, "wildcard"},
                             {{.target = "/u/"}, "wildcard"},
                             {{.target = "/u"}, "regexp"},
                             {{.target = "/u//card"}, "wildcard"},
                             {{.target = "/d/2026-01-02.html"}, "mixed"},
                             {{.target = "/d/26-01-02.html"}, "regexp"},
                             {{.target = "/s/a/end"}, "one-segment"},
                             {{.target = "/s/a/b/end"}, "regexp"},
                             {{.target = "/u/pre/card"}, "prefix"},
                             {{.target = "/u/pre-1"}, "prefix"},
                             {{.target = "/U/ann/card"}, "400"},
                             {{.target = "/u/ann/card/"}, "400"}});
}

TEST(Router, RadixTreeTriesAPrefixLast) {
  const Router router = make_router(R"(
routerKind: RadixTree
rules:
- paths:
  - {pathPrefix: /, backend: all}
  - {pathPrefix: /users/, backend: users}
  - {path: "/users/{name}/card", backend: card}
)");
  check(router, {{{.target = "/users/ann/card"}, "card"},
                 {{.target = "/users/ann"}, "users"},
                 {{.target = "/shop"}, "all"}});
}

TEST(Router, RadixTreeKeepsTheOrderOfRules) {
  const Router router = make_router(R"(
routerKind: RadixTree
rules:
- host: a.com
  paths: [{path: "/*", backend: first}]
- paths: [{path: /x, backend: second}, {path: "/{y}", backend: third}, {path: "/{z}", backend: fourth}]
)");
  check(router, {{{.host = "a.com", .target = "/x"}, "first"},
                 {{.host = "b.com", .target = "/x"}, "second"},
                 {{.host = "b.com", .target = "/z"}, "third"}});
}

// The priorities hold among many paths, too.
TEST(Router, RadixTreeFindsOneOfMany) {
  std::string fields = "routerKind: RadixTree\nrules:\n- paths:\n";
  for (int i = 0; i < 500; ++i) {
    const std::string number = std::to_string(i);
    fields += "  - {path: \"/{v}/" + number + "/{id}\", backend: p" + number + "}\n";
    fields += "  - {path: \"/v1/" + number + "/{id:[0-9]+}\", backend: n" + number + "}\n";
  }
  check(make_router(fields), {{{.target = "/v1/0/7"}, "n0"},
                              {{.target = "/v1/499/x"}, "p499"},
                              {{.target = "/v2/250/7"}, "p250"},
                              {{.target = "/v2/500/7"}, "404"}});
}

std::string rewritten(const Router& router, const std::string& target) {
  http::Request request = make_request({.target = target});
  const Match match = router.route(request, "");
  if (match.route == nullptr) return "no match";
  if (const int status = match.route->rewrite(request)) return std::to_string(status);
  return request.target() + " " + request.path;
}

TEST(Route, RewritesThePath) {
  const Router router = make_router(R"(
rules:
- paths:
  - {path: /exact, rewriteTarget: "/new path", backend: a}
  - {pathPrefix: /pre/, rewriteTarget: /, backend: a}
  - {pathRegexp: "^/users/(?P<id>\\d+)/(.*)$", rewriteTarget: "/u/${id}x/$2", backend: a}
  - {path: /e, pathPrefix: /p, pathRegexp: "r", rewriteTarget: "/t$0", backend: a}
  - {pathPrefix: /same, backend: a}
)");
  EXPECT_EQ(rewritten(router, "/exact?q=1"), "/new%20path?q=1 /new path");
  EXPECT_EQ(rewritten(router, "/pre/a?"), "/a? /a");
  EXPECT_EQ(rewritten(router, "/%70re/a%2Fb%20c"), "/a%2Fb%20c /a/b c");
  EXPECT_EQ(rewritten(router, "/users/42/a/b"), "/u/42x/a/b /u/42x/a/b");
  EXPECT_EQ(rewritten(router, "/e"), "/t$0 /t$0");
  EXPECT_EQ(rewritten(router, "/pq"), "/t$0q /t$0q");
  EXPECT_EQ(rewritten(router, "/xrx"), "/x/trx /x/trx");
  EXPECT_EQ(rewritten(router, "/same%41"), "/same%41 /sameA");
}

TEST(Route, RewritesByVariables) {
  const Router router = make_router(R"(
routerKind: RadixTree
rules:
- paths:
  - {path: "/u/{name}/card", rewriteTarget: "/api/{name}/$1/{name}", backend: a}
  - {path: "/all/*", rewriteTarget: "/api/{EG_WILDCARD}", backend: a}
  - {path: /plain, rewriteTarget: /text, backend: a}
)");
  EXPECT_EQ(rewritten(router, "/u/a%20b/card?q"), "/api/a%20b/$1/a%20b?q /api/a b/$1/a b");
  EXPECT_EQ(rewritten(router, "/all/a/b%2Fc"), "/api/a/b%2Fc /api/a/b/c");
  EXPECT_EQ(rewritten(router, "/plain"), "/text /text");
}

TEST(Route, RefusesPathsThatAreNoTemplates) {
  const auto fault = [](const std::string& path, const std::string& target) {
    RouterSpec spec;
    spec.router_kind = "RadixTree";
    spec.rules.resize(1);
    spec.rules[0].paths.resize(1);
    spec.rules[0].paths[0].path = path;
    spec.rules[0].paths[0].rewrite_target = target;
    config::Faults faults;
    (void)Router::build(spec, faults);
    return faults.empty() ? "" : faults.lines().front();
  };
  EXPECT_EQ(fault("/{x", ""), "rules[0].paths[0].path: has a { without }");
  EXPECT_EQ(fault("/x}", ""), "rules[0].paths[0].path: has a } without {");
  EXPECT_EQ(fault("/*/x", ""),
            "rules[0].paths[0].path: has a * that is not the last segment: /a/*");
  EXPECT_NE(fault("/{x:(}", ""), "");
  EXPECT_NE(fault("/{x}/{x}", ""), "");
  EXPECT_NE(fault("/{}", ""), "");
  EXPECT_EQ(fault("/{x}", "/{y}"),
            "rules[0].paths[0].rewriteTarget: the pattern has no group \"y\"");
  EXPECT_EQ(fault("/{x:[0-9]{2}}", "/{x}"), "");
}

TEST(Route, TellsThePartsOfThePath) {
  const auto parts = [](const std::string& fields, const std::string& target) {
    const Router router = make_router(fields);
    const http::Request request = make_request({.target = target});
    const PathMatcher& path = router.route(request, "").route->path();
    Captures captures;
    path.capture(request.path, captures);
    std::string out(path.matched_prefix(request.path));
    for (const auto& [name, value] : captures) out += " " + name + "=" + value;
    return out;
  };
  EXPECT_EQ(
      parts("routerKind: RadixTree\nrules: [{paths: [{path: '/{a}/*', backend: p}]}]", "/x/y/z"),
      " EG_WILDCARD=y/z a=x");
  EXPECT_EQ(parts("rules: [{paths: [{pathRegexp: '/(?P<id>\\d+)', backend: p}]}]", "/x/42"),
            " id=42");
  EXPECT_EQ(parts("rules: [{paths: [{pathPrefix: /x, backend: p}]}]", "/x/42"), "/x");
}

TEST(Route, RewritingKeepsEscapes) {
  const Router router = make_router(R"(
rules:
- paths:
  - {pathRegexp: "^/api/(.*)$", rewriteTarget: /v2/$1, backend: a}
  - {pathRegexp: "^/é(.)x", rewriteTarget: "/ü?$1", backend: a}
)");
  EXPECT_EQ(rewritten(router, "/api/group%2Fproject/x"),
            "/v2/group%2Fproject/x /v2/group/project/x");
  EXPECT_EQ(rewritten(router, "/api/a%3Fb?c=%2F"), "/v2/a%3Fb?c=%2F /v2/a?b");
  EXPECT_EQ(rewritten(router, "/api/100%252F"), "/v2/100%252F /v2/100%2F");
  EXPECT_EQ(rewritten(router, "/api/caf%C3%A9;b"), "/v2/caf%C3%A9;b /v2/café;b");
  EXPECT_EQ(rewritten(router, "/%C3%A9%20x%2F"), "/%C3%BC%3F%20%2F /ü? /");
}

// Removing or adding a prefix must not create dot segments.
TEST(Route, RewritingMakesNoDotSegments) {
  const Router router = make_router(R"(
rules:
- paths:
  - {pathPrefix: /a, rewriteTarget: /b/, backend: a}
  - {pathRegexp: "^/r/(.)(.)x(.*)$", rewriteTarget: "/$1$2$3", backend: a}
)");
  EXPECT_EQ(rewritten(router, "/a../secret"), "400");
  EXPECT_EQ(rewritten(router, "/a%2e%2e"), "400");
  EXPECT_EQ(rewritten(router, "/a/c"), "/b/c /b/c");
  EXPECT_EQ(rewritten(router, "/r/..x/secret"), "400");
  EXPECT_EQ(rewritten(router, "/r/.ax/c"), "/.a/c /.a/c");
}

TEST(Route, RefusesPathsThatGrowTooLong) {
  const Router router = make_router("rules: [{paths: [{pathRegexp: a, rewriteTarget: /" +
                                    std::string(1000, 'b') + ", backend: a}]}]");
  EXPECT_EQ(rewritten(router, "/" + std::string(100, 'a')), "414");
}

TEST(Route, SetsHeaders) {
  const Router router = make_router(R"(
rules: [{paths: [{pathPrefix: /a, backend: a, setHeaders: {X-From: $remote_addr, X-Gone: ""}}]}]
)");
  http::Request request = make_request({.target = "/a", .headers = {{"X-Gone", "1"}}});
  router.route(request, "8.8.8.8").route->set_headers(request, {.client_ip = "8.8.8.8"});
  EXPECT_EQ(request.headers.get("X-From"), "8.8.8.8");
  EXPECT_FALSE(request.headers.contains("X-Gone"));
}

TEST(Route, KnowsItsBodyLimit) {
  const Router router = make_router("rules: [{paths: [{backend: a, clientMaxBodySize: -1}]}]");
  EXPECT_EQ(router.route(make_request({}), "").route->client_max_body_size, -1);
}

}  // namespace
}  // namespace sluice::router
