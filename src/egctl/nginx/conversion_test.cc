// SPDX-License-Identifier: Apache-2.0
// Covers: backends.cc locations.cc settings.cc virtual_server.cc
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
    const auto find = [](const std::string&) -> Result<std::vector<ConfigFile>> {
      return std::vector<ConfigFile>{};
    };
    const auto directives = read_directives({"a.conf", text}, find);
    ASSERT_TRUE(directives) << directives.error().message;
    const auto read = [](const std::string& name) -> Result<std::string> {
      if (name == "absent.pem") return fail(ErrorKind::not_found, "absent.pem is not there");
      return "PEM " + name;
    };
    auto made = convert(*directives, "p", read);
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
  EXPECT_THAT(made_.warnings, IsEmpty());
}

TEST_F(NginxTest, APrefixInsideAFirmOneGoesBeforeIt) {
  convert_server(
      "location ^~ /a { return 200; } location /a/b { return 200; } location ~ c { return 200; }");
  EXPECT_THAT(paths(),
              ElementsAre("pathPrefix /a/b", "pathPrefix /a", "pathRegexp c", "pathPrefix /"));
  EXPECT_THAT(made_.warnings,
              ElementsAre(HasSubstr("a.conf:2: location: lies inside a ^~ location")));
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
  EXPECT_THAT(made_.warnings, ElementsAre(HasSubstr("backup server")));
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
            Json::parse(R"({"X-B": "${scheme}://n:81${request_uri}", "X-D": ""})"));
  EXPECT_THAT(made_.warnings, ElementsAre(HasSubstr("a variable without a counterpart")));
}

TEST_F(NginxTest, NamesOfServersInTheOrderThatNginxTries) {
  convert_text(
      "server { server_name ~^r[0-9]$; return 201; } server { server_name *.b.example "
      "*.x.b.example; return 202; }"
      "server { server_name _; listen 80 default_server; return 203; }"
      "server { server_name www.* .c.example; return 204; }");
  std::vector<std::string> hosts;
  const Json rules = object("p")["rules"];
  for (const Json& rule : rules)
    hosts.push_back(rule.value("host", "") + rule.value("hostRegexp", ""));
  EXPECT_THAT(hosts, ElementsAre("c.example", "*.x.b.example", "*.b.example", "*.c.example",
                                 "www.*", "(?i)^r[0-9]$", ""));
  const std::string rest = rules.back()["paths"][0]["backend"];
  EXPECT_EQ(object(rest)["filters"][0]["rules"][0]["code"], 203) << "the default server";
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
  EXPECT_THAT(made_.warnings, ElementsAre(HasSubstr("absent.pem is not there: put it into certs")));
}

TEST_F(NginxTest, WhatKeepsClientsOutIsClosed) {
  for (const char* protection :
       {"auth_basic x;", "deny 10.0.0.1;", "allow 10.0.0.1;", "internal;", "auth_request /a;"}) {
    convert_server("location /a { " + std::string(protection) + " proxy_pass http://b; }");
    EXPECT_EQ(object("p-a")["filters"][0]["rules"][0]["code"], 403) << protection;
    EXPECT_THAT(made_.warnings, ElementsAre(HasSubstr("answers 403 until"))) << protection;
    convert_server(std::string(protection) + " location /a { proxy_pass http://b; }");
    EXPECT_EQ(object("p-a")["filters"][0]["rules"][0]["code"], 403) << "passed down";
    EXPECT_EQ(object("p-rest")["filters"][0]["rules"][0]["code"], 403);
  }
  convert_server("location /a { auth_basic off; allow all; return 200; }");
  EXPECT_THAT(made_.warnings, IsEmpty());
}

TEST_F(NginxTest, AnswersAndRedirects) {
  convert_server(
      "location /a { return 301 https://$host$request_uri; } location /b { return 200 \"hi\"; }"
      "location /c { return https://x.example/; } location /d { return 302 /other; }"
      "location /e { return 307 https://x.example/$arg_a; }");
  EXPECT_EQ(object("p-a")["filters"][0]["replacement"], "https://${3}${4}");
  EXPECT_EQ(object("p-a")["filters"][0]["statusCode"], 301);
  EXPECT_EQ(object("p-b")["filters"][0]["rules"][0], Json::parse(R"({"code": 200, "body": "hi"})"));
  EXPECT_EQ(object("p-c")["filters"][0]["statusCode"], 302);
  for (const char* left_out : {"p-d", "p-e"})
    EXPECT_EQ(object(left_out)["filters"][0]["rules"][0]["code"], 503);
  EXPECT_EQ(made_.warnings.size(), 1U) << "both stand on one line";
}

TEST_F(NginxTest, Files) {
  convert_server(
      "root /srv/www; index a.html; location /x { try_files $uri $uri/ /i.html; }"
      "location /img/ { alias /srv/images/; } location = /one { alias /srv/one; }");
  EXPECT_EQ(object("p-x")["filters"][0],
            Json::parse(R"({"name": "files", "kind": "FileServer", "root": "/srv/www",
                            "index": ["a.html"], "tryFiles": ["{path}", "{path}/", "/i.html"]})"));
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
  EXPECT_THAT(made_.warnings, ElementsAre(HasSubstr("client_max_body_size: is no size")));
}

TEST_F(NginxTest, WhatIsNotConvertedIsNamed) {
  convert_text(
      "user www;\nworker_processes 4;\nstream { }\nhttp {\nmap $http_upgrade $connection_upgrade { "
      "}\n"
      "limit_req_zone a;\nserver {\nexpires 1d;\nlocation /a {\nproxy_read_timeout 5s;\nproxy_pass "
      "http://$x;\n}\n"
      "location /b { fastcgi_pass b; }\nlocation @c { }\n}\n}");
  EXPECT_THAT(
      made_.warnings,
      ElementsAre(
          "a.conf:3: stream: is not converted", "a.conf:6: limit_req_zone: is not converted",
          "a.conf:8: expires: is not converted", "a.conf:10: proxy_read_timeout: is not converted",
          HasSubstr("a.conf:11: proxy_pass: a variable"),
          "a.conf:13: fastcgi_pass: is not converted",
          HasSubstr("a.conf:13: location: nothing in it is converted: it answers 503"),
          "a.conf:14: location: is not converted"));
  EXPECT_EQ(object("p-a")["filters"][0]["rules"][0]["code"], 503);
}

TEST_F(NginxTest, NoServerIsAnError) {
  const auto made = convert({}, "p", {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "there is no server in it");
}

}  // namespace
}  // namespace sluice::egctl::nginx
