// SPDX-License-Identifier: Apache-2.0
// Covers: access.cc answers.cc backends.cc content.cc fallbacks.cc harmless.cc http_servers.cc
// Covers: location.cc locations.cc order.cc rate_limits.cc real_ip.cc request_headers.cc
// Covers: response_headers.cc server_paths.cc settings.cc virtual_server.cc
#include "egctl/nginx/conversion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::egctl::nginx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class NginxTest : public ::testing::Test {
 protected:
  void convert_text(const std::string& text) {
    const auto find = [](const std::string& name) -> Result<std::vector<ConfigFile>> {
      if (name == "none.conf") return fail(ErrorKind::not_found, "none.conf is not there");
      return std::vector<ConfigFile>{};
    };
    auto directives = read_directives({"a.conf", text}, find);
    ASSERT_TRUE(directives) << directives.error().message;
    directives_ = *std::move(directives);
    const NamedFiles files = {
        .read_pem = [](const std::string& name) -> Result<std::string> {
          if (name == "absent.pem") return fail(ErrorKind::not_found, "absent.pem is not there");
          return "PEM " + name;
        },
        .path_of =
            [](const std::string& name) { return name.starts_with('/') ? name : "/etc/" + name; }};
    auto made = convert(directives_, "p", files);
    ASSERT_TRUE(made) << made.error().message;
    made_ = *std::move(made);
  }
  // Of a server with these directives.
  void convert_server(const std::string& inside) {
    convert_text("http {\nserver { listen 80; " + inside + " }\n}");
  }
  [[nodiscard]] Json object(const std::string& name) const {
    for (const Json& one : made_.objects) {
      if (one["name"] == name) return one;
    }
    return {};
  }
  // "path /a, pathPrefix /" of the last rule of a server.
  [[nodiscard]] std::vector<std::string> paths(const std::string& server = "p") const {
    std::vector<std::string> out;
    const Json rules = object(server)["rules"];
    for (const Json& path : rules.back()["paths"]) {
      for (const char* key : {"path", "pathPrefix", "pathRegexp"}) {
        if (path.contains(key)) out.push_back(key + (" " + path[key].get<std::string>()));
      }
    }
    return out;
  }
  [[nodiscard]] Json path(std::size_t place) const {
    return object("p")["rules"].back()["paths"][place];
  }
  [[nodiscard]] Json pool(const std::string& pipeline) const {
    return object(pipeline)["filters"].back()["pools"][0];
  }

  [[nodiscard]] std::vector<std::string> warnings() const { return made_.notes.lines(); }
  [[nodiscard]] Json last_filter(const std::string& pipeline) const {
    return object(pipeline)["filters"].back();
  }
  // The status with which a pipeline answers by itself; 0: it does more.
  [[nodiscard]] int status(const std::string& pipeline) const {
    const Json filters = object(pipeline)["filters"];
    if (filters.size() != 1 || filters[0]["kind"] != "Mock") return 0;
    return filters[0]["rules"][0]["code"].get<int>();
  }

  std::vector<Directive> directives_;
  Conversion made_;
};

TEST_F(NginxTest, LocationsInTheOrderThatNginxTries) {
  convert_server(
      "location / { return 200; } location /a { return 200; } location ~ \\.png$ { return 200; }"
      "location /a/b { return 200; } location ~* ^/Q { return 200; } location = /x { return 200; }"
      "location ^~ /firm { return 200; }");
  EXPECT_THAT(paths(),
              ElementsAre("path /x", "pathPrefix /firm", "pathRegexp \\.png$", "pathRegexp (?i)^/Q",
                          "pathPrefix /a/b", "pathPrefix /a", "pathPrefix /"));
  EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(NginxTest, APrefixInsideAFirmOneGoesBeforeItAndIsClosedIfExpressionsMayTakeIt) {
  convert_server(
      "location ^~ /a { return 200; } location /a/b { return 200; } location ~ c { return 200; }");
  EXPECT_THAT(paths(),
              ElementsAre("pathPrefix /a/b", "pathPrefix /a", "pathRegexp c", "pathPrefix /"));
  EXPECT_EQ(status("p-a-b"), 503);
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("a.conf:2: location: lies inside a ^~ location")));
  convert_server("location ^~ /a { return 200; } location /a/b { return 201; }");
  EXPECT_EQ(status("p-a-b"), 201);
}

TEST_F(NginxTest, WhatNoLocationTakes) {
  convert_server("location /a { return 200; }");
  EXPECT_EQ(path(1)["backend"], "p-rest");
  EXPECT_EQ(object("p-rest")["filters"][0]["rules"][0]["code"], 404);
  convert_server("return 204; location /a { return 200; }");
  EXPECT_THAT(paths(), ElementsAre("pathPrefix /")) << "its return comes before all locations";
  EXPECT_EQ(object("p-rest")["filters"][0]["rules"][0]["code"], 204);
}

TEST_F(NginxTest, UpstreamsAndTheirBalance) {
  convert_text(
      "http { upstream u { server a:1 weight=3; server b; server c down; server d backup; }"
      "upstream h { ip_hash; server a:1; }"
      "server { location /u { proxy_pass http://u; } location /h { proxy_pass http://h/x/; } } }");
  EXPECT_EQ(pool("p-u")["loadBalance"]["policy"], "weightedRandom");
  EXPECT_EQ(pool("p-u")["servers"].size(), 2U);
  EXPECT_EQ(pool("p-u")["servers"][0],
            Json::parse(R"({"url": "http://a:1", "weight": 3, "keepHost": true})"));
  EXPECT_EQ(pool("p-h")["loadBalance"]["policy"], "ipHash");
  EXPECT_EQ(path(1)["rewriteTarget"], "/x/") << "the URI of proxy_pass replaces the location";
  EXPECT_FALSE(path(0).contains("rewriteTarget"));
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("backup server")));
}

TEST_F(NginxTest, HostIsThatOfNginx) {
  convert_server(
      "location /own { proxy_pass http://b:9; } "
      "location /kept { proxy_set_header Host $host; proxy_pass http://b:9; } "
      "location /other { proxy_set_header Host shop.example; proxy_pass http://b:9; }");
  EXPECT_EQ(object("p-own")["filters"][0]["host"], "b:9");
  EXPECT_EQ(object("p-kept")["filters"].size(), 1U);
  EXPECT_EQ(object("p-other")["filters"][0]["host"], "shop.example");
}

TEST_F(NginxTest, HeadersAreInheritedUntilALevelHasItsOwn) {
  convert_text(
      "http { proxy_set_header X-A $remote_addr; server { listen 81; server_name n;"
      "location /in { proxy_pass http://b; }"
      "location /own { proxy_set_header X-B \"$scheme://$server_name:$server_port$request_uri\";"
      " proxy_set_header X-C $nothing; proxy_set_header Connection \"upgrade\"; proxy_set_header "
      "X-D \"\"; proxy_pass http://b; } } }");
  EXPECT_EQ(path(1)["setHeaders"], Json::parse(R"({"X-A": "${remote_addr}"})"));
  EXPECT_EQ(path(0)["setHeaders"],
            Json::parse(R"({"X-B": "${scheme}://n:81${request_uri}", "X-C": "", "X-D": ""})"))
      << "a field without a counterpart is removed, so that no client sets it";
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("a variable without a counterpart")));
}

TEST_F(NginxTest, NamesOfServersInTheOrderThatNginxTries) {
  convert_text(
      "server { server_name ~^r[0-9]$; return 201; } server { server_name *.b.example "
      "*.x.b.example b.example; return 202; }"
      "server { server_name _; listen 80 default_server; return 203; }"
      "server { server_name www.* .c.example; return 204; }");
  std::vector<std::string> hosts;
  const Json rules = object("p")["rules"];
  for (const Json& rule : rules) {
    std::string line = rule.value("host", "");
    for (const Json& host : rule.value("hosts", Json::array()))
      line += host["value"].get<std::string>() + (host.contains("isRegexp") ? "(re) " : " ");
    hosts.push_back(line);
  }
  EXPECT_THAT(hosts, ElementsAre("b.example", "c.example", "*.x.b.example *.b.example ",
                                 "*.c.example www.* ", "(?i)^r[0-9]$(re) ", ""));
  const std::string rest = rules.back()["paths"][0]["backend"];
  EXPECT_EQ(status(rest), 203) << "the default server";
}

TEST_F(NginxTest, APortIsAnHttpServer) {
  convert_text(
      "server { listen 80; listen [::]:80; listen 127.0.0.1:81; return 200; } server { listen 80; "
      "server_name b; return 200; }");
  EXPECT_EQ(object("p-80")["rules"].size(), 2U);
  EXPECT_EQ(object("p-81")["address"], "127.0.0.1");
  EXPECT_EQ(made_.objects.size(), 4U);
}

TEST_F(NginxTest, Tls) {
  convert_server(
      "listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key; ssl_client_certificate "
      "ca.pem;"
      "ssl_verify_client on; return 200;");
  const Json server = object("p-443");
  EXPECT_EQ(server["https"], true);
  EXPECT_EQ(server["certs"]["a.pem"], "UEVNIGEucGVt");
  EXPECT_EQ(server["keys"]["a.pem"], "UEVNIGEua2V5");
  EXPECT_EQ(server["caCertBase64"], "UEVNIGNhLnBlbQ==");
  EXPECT_FALSE(object("p-80").contains("https"));
  convert_server(
      "listen 443 ssl; ssl_certificate absent.pem; ssl_certificate_key a.key; return 200;");
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("absent.pem is not there: add it")));
}

TEST_F(NginxTest, WhatKeepsClientsOutIsClosed) {
  for (const char* protection :
       {"auth_request /a;", "satisfy any;", "limit_except GET { deny all; }",
        "allow 10.0.0.1; deny 10.0.0.2; allow 10.0.0.3; deny unix:;"}) {
    convert_server("location /a { " + std::string(protection) + " proxy_pass http://b; }");
    EXPECT_EQ(status("p-a"), 403) << protection;
    EXPECT_THAT(warnings(), ElementsAre(HasSubstr("answers 403 until"))) << protection;
    convert_server(std::string(protection) + " location /a { proxy_pass http://b; }");
    EXPECT_EQ(status("p-a"), 403) << "passed down";
    EXPECT_EQ(status("p-rest"), 403);
  }
  convert_server("location /a { auth_request off; auth_basic off; allow all; return 200; }");
  EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(NginxTest, WhateverIsNotKnownToBeHarmlessCloses) {
  for (const char* unknown : {"fastcgi_pass a;", "new_thing on;", "types { }", "include none.conf;",
                              "set $args x;", "if ($a) { return 200; }", "dav_methods PUT;"}) {
    convert_server("root /srv; location /a { " + std::string(unknown) + " } location /b { }");
    const bool shut = status("p-a") == 403 || status("p-a") == 503;
    EXPECT_TRUE(shut) << unknown;
    EXPECT_EQ(last_filter("p-b")["kind"], "FileServer") << "its neighbour is as it was";
    convert_text("http { " + std::string(unknown) + " server { root /srv; location /a { } } }");
    const bool passed_down = status("p-a") == 403 || status("p-a") == 503;
    EXPECT_EQ(passed_down, std::string(unknown).find("types") != 0) << unknown;
  }
  convert_server("root /srv; keepalive_timeout 5; set $own x; location /a { error_page 404 /x; }");
  EXPECT_EQ(last_filter("p-a")["kind"], "FileServer");
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("error_page: is not converted: see")));
}

TEST_F(NginxTest, LocationsInsideALocation) {
  convert_server(
      "location /a/ { proxy_pass http://b; location /a/in/ { return 201; }"
      " location ~ \\.key$ { return 202; } } location /a/x/ { return 203; }");
  EXPECT_THAT(paths(),
              ElementsAre("path /a", "pathRegexp ^/a/(?s:.*)(?:\\.key$)", "pathPrefix /a/in/",
                          "pathPrefix /a/x/", "pathPrefix /a/", "pathPrefix /"));
  EXPECT_EQ(status("p-a-in"), 201);
  EXPECT_EQ(status("p-key"), 503) << "/a/x/ would hide it";
  convert_server("location /a/ { proxy_pass http://b; location ~ ^/b|/c$ { deny all; } }");
  EXPECT_EQ(status("p-a"), 503) << "the one inside has no path of its own";
}

TEST_F(NginxTest, AnExpressionThatRe2LacksCloses) {
  convert_server("location / { return 200; } location ~ /\\.(?!well-known) { return 404; }");
  EXPECT_EQ(status("p-well-known"), 404);
  EXPECT_EQ(path(0)["pathRegexp"], "/\\.(?:)") << "a wider one";
  convert_server("location / { return 200; } location ~ (?<=a)b { proxy_pass http://b; }");
  EXPECT_EQ(status("p-a-b"), 503);
  convert_server("location / { return 200; } location ~ (?(1)a|b) { deny all; }");
  EXPECT_EQ(status("p-root"), 503) << "its paths are not known";
}

TEST_F(NginxTest, Addresses) {
  convert_server(
      "location /a { deny 10.0.0.9; allow 10.0.0.0/8; deny all; proxy_pass http://b; }"
      "location /b { allow 10.0.0.1; deny 10.0.0.0/8; proxy_pass http://b; }");
  EXPECT_EQ(
      path(0)["ipFilter"],
      Json::parse(
          R"({"blockByDefault": true, "allowIPs": ["10.0.0.0/8"], "blockIPs": ["10.0.0.9"]})"));
  EXPECT_EQ(
      path(1)["ipFilter"],
      Json::parse(
          R"({"blockByDefault": false, "allowIPs": ["10.0.0.1"], "blockIPs": ["10.0.0.0/8"]})"));
}

TEST_F(NginxTest, Passwords) {
  convert_server(
      "auth_basic shop; auth_basic_user_file users; location /a { proxy_pass http://b; }"
      "location /b { auth_basic off; proxy_pass http://b; }");
  EXPECT_EQ(object("p-a")["filters"][0]["basicAuth"],
            Json::parse(R"({"mode": "FILE", "userFile": "/etc/users", "realm": "shop"})"));
  EXPECT_EQ(object("p-b")["filters"][0]["kind"], "RequestAdaptor");
}

// nginx asks for a password with a realm of "", and not if there is no realm or the word is off.
TEST_F(NginxTest, AnEmptyRealmIsNotOff) {
  convert_server(
      "auth_basic_user_file users; location /a { auth_basic ''; proxy_pass http://b; }"
      "location /b { auth_basic 'off'; proxy_pass http://b; } location /c { proxy_pass http://b; }"
      "location /d { auth_basic ''; auth_basic_user_file ''; proxy_pass http://b; }");
  EXPECT_EQ(object("p-a")["filters"][0]["basicAuth"],
            Json::parse(R"({"mode": "FILE", "userFile": "/etc/users", "realm": ""})"));
  EXPECT_EQ(object("p-b")["filters"][0]["kind"], "RequestAdaptor");
  EXPECT_EQ(object("p-c")["filters"][0]["kind"], "RequestAdaptor");
  EXPECT_EQ(status("p-d"), 403);
}

// nginx compares the peer, and a client writes the PROXY header.
TEST_F(NginxTest, AddressesOfAPeerAreNotThoseOfAProxyHeader) {
  convert_text(
      "server { listen 81 proxy_protocol; server_name a; location /a { allow 10.0.0.1; deny all; "
      "proxy_pass http://b; } location /b { deny all; allow 10.0.0.1; return 200; }"
      "location /c { allow all; proxy_pass http://b; } }"
      "server { listen 81; server_name b; location /d { deny 10.0.0.1; proxy_pass http://b; } }"
      "server { listen 82; location /e { deny 10.0.0.1; proxy_pass http://b; } }");
  EXPECT_EQ(status("p-a"), 403);
  EXPECT_EQ(status("p-b"), 403);
  EXPECT_EQ(last_filter("p-c")["kind"], "Proxy");
  EXPECT_EQ(status("p-d"), 403) << "its address is that of the first server";
  EXPECT_EQ(last_filter("p-e")["kind"], "Proxy");
  EXPECT_THAT(warnings(), Contains(HasSubstr("server: has proxy_protocol without real_ip_header")));
}

TEST_F(NginxTest, LimitsOfRequests) {
  convert_text(
      "http { limit_req_zone $binary_remote_addr zone=z:1m rate=10r/s;"
      "server { location /a { limit_req zone=z burst=5 nodelay; proxy_pass http://b; }"
      "location /b { limit_req zone=z burst=5; proxy_pass http://b; } } }");
  EXPECT_EQ(object("p-a")["filters"][0]["policies"][0],
            Json::parse(R"({"name": "z", "limitForPeriod": 6, "limitRefreshPeriod": "600ms",
                            "timeoutDuration": "0s"})"));
  EXPECT_EQ(object("p-b")["filters"][0]["policies"][0]["timeoutDuration"], "500ms");
  EXPECT_EQ(object("p-b")["filters"][0]["urls"][0]["keyBy"], Json::parse(R"({"address": true})"));
}

TEST_F(NginxTest, ClientsWithoutAKnownAuthorityStayOut) {
  convert_server(
      "listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key;"
      "ssl_client_certificate absent.pem; ssl_verify_client on; return 200;");
  EXPECT_EQ(status("p-rest"), 403);
}

// The word ssl of one server holds for all of its address, and for [::]:443 beside 443.
TEST_F(NginxTest, ServersOfAnAddressShareItsTls) {
  const std::string pair = "ssl_certificate a.pem; ssl_certificate_key a.key;";
  const std::string asks = "ssl_verify_client on; ssl_client_certificate ";
  convert_text("server { listen 443 ssl; server_name a; return 200; " + pair +
               "} server { listen 443; server_name b; return 200; " + pair + asks + "b.pem; }");
  EXPECT_EQ(object("p")["https"], true);
  EXPECT_TRUE(object("p").contains("caCertBase64"));
  convert_text("server { listen 443 ssl; server_name a; return 200; " + pair +
               "} server { listen 443; server_name b; return 200; " + pair + asks +
               "absent.pem; }");
  EXPECT_EQ(status("p-rest-2"), 403);
  convert_text("server { listen 443; listen [::]:443 ssl; return 200; " + pair + asks + "b.pem; }");
  EXPECT_TRUE(object("p").contains("caCertBase64"));
}

TEST_F(NginxTest, AnAddressThatIsLeftOutOpensNoOther) {
  convert_server("listen unix:/x; return 200;");
  EXPECT_EQ(made_.objects.size(), 2U);
  const auto find = [](const std::string&) { return std::vector<ConfigFile>{}; };
  const auto local = read_directives({"a.conf", "server { listen unix:/x; return 200; }"}, find);
  EXPECT_FALSE(convert(*local, "p", {})) << "not port 80";
}

TEST_F(NginxTest, AnswersAndRedirects) {
  convert_server(
      "location /a { return 301 https://$host$request_uri; } location /b { return 200 \"hi\"; }"
      "location /c { return https://x.example/; } location /d { return 302 /other; }"
      "location /e { return 307 https://x.example/$arg_a; }");
  EXPECT_EQ(last_filter("p-a")["replacement"], "https://${3}${4}");
  EXPECT_EQ(last_filter("p-a")["statusCode"], 301);
  EXPECT_EQ(last_filter("p-b")["rules"][0], Json::parse(R"({"code": 200, "body": "hi"})"));
  EXPECT_EQ(last_filter("p-c")["statusCode"], 302);
  EXPECT_EQ(last_filter("p-d")["replacement"], "/other");
  EXPECT_EQ(status("p-e"), 503);
}

TEST_F(NginxTest, Rewrites) {
  convert_server(
      "rewrite ^/old/(.*)$ /new/$1 permanent; rewrite ^/in/ /out last; root /srv;"
      "location /a/ { rewrite ^/a/b(.*)$ /c$1? redirect; proxy_pass http://b; }");
  EXPECT_THAT(paths(), ElementsAre("pathRegexp ^/old/(.*)$", "pathRegexp ^/in/", "path /a",
                                   "pathRegexp ^/a/b(.*)$", "pathPrefix /a/", "pathPrefix /"));
  EXPECT_EQ(last_filter("p-rewrite")["replacement"], "/new/${4}${5}");
  EXPECT_EQ(status("p-rewrite-2"), 503);
  EXPECT_EQ(last_filter("p-a")["statusCode"], 302);
}

TEST_F(NginxTest, ARewriteThatGoesOnToAProxy) {
  convert_server(
      "location /v1/ { rewrite ^/v1/(.*)$ /v2/$1 break; proxy_pass http://b; }"
      "location /part/ { rewrite ^/part/x /y break; proxy_pass http://b; }"
      "location /uri/ { rewrite ^/uri/(.*)$ /y/$1 break; proxy_pass http://b/z/; }"
      "location /query/ { rewrite ^/query/(.*)$ /y?q=$1 break; proxy_pass http://b; }"
      "location /if/ { if ($scheme = http) { return 301 https://$host$request_uri; } "
      "rewrite ^/if/(.*)$ /y/$1 break; proxy_pass http://b; }"
      "location /last/ { rewrite ^/last/(.*)$ /y/$1 last; proxy_pass http://b; }");
  const auto path_of = [&](const std::string& expression) {
    const Json paths = object("p")["rules"].back()["paths"];
    for (const Json& path : paths) {
      if (path.value("pathRegexp", "") == expression) return path;
    }
    return Json();
  };
  EXPECT_EQ(path_of("^/v1/(.*)$")["rewriteTarget"], "/v2/${1}");
  EXPECT_EQ(last_filter(path_of("^/v1/(.*)$")["backend"])["kind"], "Proxy");
  for (const char* other :
       {"^/part/x", "^/uri/(.*)$", "^/query/(.*)$", "^/if/(.*)$", "^/last/(.*)$"}) {
    EXPECT_FALSE(path_of(other).contains("rewriteTarget")) << other;
    EXPECT_EQ(status(path_of(other)["backend"]), 503) << other;
  }
}

TEST_F(NginxTest, AFolderOfAProxyIsReachedWithoutItsSlash) {
  convert_server(
      "location /a/ { proxy_pass http://b; } location /b/ { proxy_pass http://b; }"
      "location /b { return 200; } location /c/ { root /srv; }"
      "location ^~ /d/ { proxy_pass http://b; auth_request /x; } location /e/ { fastcgi_pass b; }"
      "location /f/ { internal; proxy_pass http://b; }"
      "location /g { return 200; location /g/ { proxy_pass http://b; } }");
  EXPECT_THAT(paths(),
              ElementsAre("path /a", "path /d", "path /e", "path /f", "path /g", "pathPrefix /d/",
                          "pathPrefix /a/", "pathPrefix /b/", "pathPrefix /c/", "pathPrefix /e/",
                          "pathPrefix /f/", "pathPrefix /g/", "pathPrefix /b", "pathPrefix /g",
                          "pathPrefix /"));
  for (const char* slash : {"p-a-slash", "p-d-slash", "p-e-slash", "p-g-slash"})
    EXPECT_EQ(last_filter(slash)["statusCode"], 301) << slash;
  EXPECT_EQ(last_filter("p-a-slash")["replacement"], "/a/${6}");
  EXPECT_EQ(status("p-f-slash"), 404);
}

TEST_F(NginxTest, ARedirectToAFolderHasTheFieldsOfItsLocation) {
  convert_server(
      "add_header X-A server; location '/a$ %/' { add_header X-A own; proxy_pass http://b; }");
  EXPECT_EQ(last_filter("p-a-slash")["replacement"], "/a$$%20%25/${6}");
  EXPECT_THAT(object("p-a-slash")["filters"][0]["template"].get<std::string>(), HasSubstr("own"));
}

TEST_F(NginxTest, TheNextServerIsTried) {
  const std::string three = "http { upstream u { server a:1; server b:1; server c:1; } ";
  convert_text(three + "server { location / { proxy_pass http://u; } } }");
  EXPECT_EQ(pool("p-root")["retryPolicy"], "next");
  EXPECT_EQ(object("p-root")["resilience"],
            Json::parse(R"([{"name": "next", "kind": "Retry", "maxAttempts": 3,
                             "waitDuration": "0s"}])"));
  convert_text(three + "server { location / { proxy_next_upstream off; proxy_pass http://u; } } }");
  EXPECT_FALSE(pool("p-root").contains("retryPolicy"));
  EXPECT_FALSE(object("p-root").contains("resilience"));
  EXPECT_THAT(warnings(), IsEmpty());
  convert_server("location / { proxy_next_upstream error http_404; proxy_pass http://b; }");
  EXPECT_FALSE(object("p-root").contains("resilience")) << "one server";
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("http_404 is not converted: see failureCodes")));
}

TEST_F(NginxTest, TunnelsTakeTheLongestTimeOfTheirLocations) {
  convert_server(
      "location /a { proxy_read_timeout 2h; proxy_pass http://b; }"
      "location /b { proxy_read_timeout 90s; proxy_set_header Upgrade $http_upgrade; proxy_pass "
      "http://b; }"
      "location /c { proxy_read_timeout 1h; proxy_set_header Upgrade $http_upgrade; proxy_pass "
      "http://b; }");
  EXPECT_EQ(object("p")["tunnelTimeout"], "1h");
  EXPECT_EQ(pool("p-b")["silenceTimeout"], "90s");
  convert_server("location /a { proxy_read_timeout 2h; proxy_pass http://b; }");
  EXPECT_FALSE(object("p").contains("tunnelTimeout"));
}

TEST_F(NginxTest, ProxiesInFront) {
  const std::string trust =
      "real_ip_header X-Forwarded-For; real_ip_recursive on; set_real_ip_from 10.0.0.0/8; "
      "set_real_ip_from ::1;";
  convert_text("http { " + trust + " server { location / { return 200; } } }");
  EXPECT_EQ(object("p")["trustedProxies"], Json::parse(R"(["10.0.0.0/8", "::1"])"));
  EXPECT_THAT(warnings(), IsEmpty());
  EXPECT_EQ(object("p")["xRealIP"], false) << "nginx would not read it";
  convert_server("set_real_ip_from ::1; real_ip_header X-Forwarded-For; return 200;");
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("searches as with real_ip_recursive on")));
  for (const char* other :
       {"set_real_ip_from ::1;", "set_real_ip_from ::1; real_ip_header X-Real-IP;",
        "set_real_ip_from a.example; real_ip_header X-Forwarded-For;",
        "set_real_ip_from 0.0.0.0/0; real_ip_header X-Forwarded-For;"}) {
    convert_server(std::string(other) + " location / { return 200; }");
    EXPECT_EQ(status("p-root"), 403) << other;
    EXPECT_FALSE(object("p").contains("trustedProxies")) << other;
    EXPECT_THAT(warnings(), ElementsAre(HasSubstr("trustedProxies of the HTTPServer"))) << other;
    EXPECT_THAT(warnings(), ElementsAre(HasSubstr("the server answers 403"))) << other;
  }
  convert_text("http { server { " + trust + " location /a { return 200; } }" +
               "server { server_name n; location /b { return 200; } } }");
  EXPECT_EQ(status("p-a"), 403) << "the other server of its port trusts nobody";
  EXPECT_FALSE(object("p").contains("trustedProxies"));
  convert_text(
      "http { server { listen 1; location /a { return 200; } }"
      "server { listen 1; listen 2; " +
      trust + " server_name b; location /b { return 200; } }" +
      "server { listen 2; server_name c; " + trust +
      " allow 10.0.0.0/8; deny all; location /c { return 200; } } }");
  EXPECT_EQ(status("p-b"), 403);
  EXPECT_EQ(status("p-c"), 403) << "its address is that of a closed server, which trusts nobody";
}

TEST_F(NginxTest, WhatIsLeftOutIsSaidInASentence) {
  convert_server("autoindex on; proxy_ssl_verify off; error_page 404 /x; return 200;");
  EXPECT_THAT(warnings(),
              testing::UnorderedElementsAre(
                  HasSubstr("autoindex: is not converted: a FileServer lists no folders"),
                  HasSubstr("is not converted: a Proxy verifies, unless insecureSkipVerify"),
                  HasSubstr("error_page: is not converted: see docs/egctl.md#error-pages")));
}

TEST_F(NginxTest, FilesOfAnotherLocationAreNotSent) {
  convert_server(
      "root /srv; index index.php; location / { } location ~ \\.php$ { fastcgi_pass x; }"
      "location /f { try_files $uri /index.php?$args; } location /g { try_files $uri @g; }"
      "location @g { proxy_set_header X-G g; proxy_pass http://b; }"
      "location /h { try_files $uri /h/i.html =404; }");
  EXPECT_EQ(status("p-root"), 503) << "its index is run by another location";
  const Json flow = object("p-f")["flow"];
  EXPECT_EQ(flow[0]["jumpIf"]["notFound"], "path");
  EXPECT_EQ(last_filter("p-f")["rules"][0]["code"], 503);
  EXPECT_EQ(last_filter("p-g")["kind"], "Proxy");
  EXPECT_EQ(last_filter("p-h")["tryFiles"], Json::parse(R"(["/{path}", "/h/i.html", "=404"])"));
}

TEST_F(NginxTest, Files) {
  convert_server(
      "root /srv/www; index a.html; location /x { try_files $uri $uri/ /i.html; }"
      "location /img/ { alias /srv/images/; } location = /one { alias /srv/one; }");
  EXPECT_EQ(object("p-x")["filters"][0],
            Json::parse(R"({"name": "files", "kind": "FileServer", "root": "/srv/www",
                            "index": ["a.html"], "tryFiles": ["{path}", "{path}/", "/i.html"]})"))
      << "another location with the same files takes /i.html";
  EXPECT_EQ(object("p-img")["filters"][0]["root"], "/srv/images/");
  EXPECT_EQ(object("p-one")["filters"][0]["rules"][0]["code"], 503);
  EXPECT_EQ(object("p-rest")["filters"][0]["kind"], "FileServer");
}

TEST_F(NginxTest, CompressionAndSizes) {
  convert_server(
      "gzip on; gzip_min_length 1k; client_max_body_size 2m; location /a { proxy_pass http://b; }"
      "location /b { client_max_body_size 0; proxy_pass http://b; }"
      "location /c { gzip off; client_max_body_size x; proxy_pass http://b; }");
  EXPECT_EQ(object("p-a")["filters"].back()["compression"]["minLength"], 1024);
  EXPECT_EQ(path(0)["clientMaxBodySize"], 2 << 20);
  EXPECT_EQ(path(1)["clientMaxBodySize"], -1);
  EXPECT_FALSE(object("p-c")["filters"].back().contains("compression"));
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("client_max_body_size: is no size")));
}

TEST_F(NginxTest, WhatIsLeftOutIsNamedInTheOrderOfTheLines) {
  convert_text(
      "user www;\nstream { }\nhttp {\nmap $http_upgrade $connection_upgrade { }\nproxy_cache_path "
      "/x;\nserver {\nlocation /a {\nproxy_pass http://$x;\n}\nlocation /b { fastcgi_pass b; "
      "}\nerror_page 404 /x;\n}\n}");
  EXPECT_THAT(
      warnings(),
      ElementsAre("a.conf:2: stream: is not converted",
                  HasSubstr("a.conf:5: proxy_cache_path: is not converted: see memoryCache"),
                  HasSubstr("a.conf:8: proxy_pass: a variable"),
                  HasSubstr("a.conf:8: proxy_pass: is not converted"),
                  HasSubstr("a.conf:10: fastcgi_pass: is not converted: location"),
                  HasSubstr("a.conf:11: error_page: is not converted: see")));
  EXPECT_EQ(status("p-a"), 503);
}

TEST_F(NginxTest, NoServerIsAnError) {
  const auto made = convert({}, "p", {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "there is no server in it");
}

TEST_F(NginxTest, NotesNameThePipelineThatIsClosed) {
  convert_server(
      "location /a { location /a/b { fastcgi_pass x; } return 200; } location /c {  "
      "auth_jwt y; }");
  EXPECT_THAT(warnings(), ::testing::IsSupersetOf(
                              {HasSubstr("location /a/b (Pipeline p-a-b) answers 503 until"),
                               HasSubstr("location /c (Pipeline p-c) answers 403 until")}));
  EXPECT_THAT(made_.closed, ::testing::UnorderedElementsAre("p-a-b", "p-c"));
}

TEST_F(NginxTest, NamedGroupsOfAServerName) {
  convert_text(
      "http { server { server_name ~^(?<user>.+)\\.x$; return 200; } server { return 201; } }");
  EXPECT_EQ(object("p")["rules"][0]["hosts"][0]["value"], "(?i)^(?P<user>.+)\\.x$");
}

TEST_F(NginxTest, AClosedConnectionIsAResponse) {
  convert_server("location / { return 444; }");
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("444: nginx closes the connection")));
}

}  // namespace
}  // namespace sluice::egctl::nginx
