// SPDX-License-Identifier: Apache-2.0
// Covers: body_coding.cc built_message.cc exchange_view.cc filled_yaml.cc header_change.cc
// Covers: header_rules.cc header_template.cc yaml_template.cc
// Covers: message_source.cc message_view.cc multipart.cc rendering.cc template_log.cc
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "filters/builder/built_message.h"
#include "filters/builder/exchange_view.h"
#include "filters/builder/message_view.h"
#include "filters/builder/template_log.h"
#include "filters/builder/testing/filter_run.h"
#include "templates/template.h"

namespace sluice::filters {
namespace {

class ViewTest : public ::testing::Test {
 protected:
  ViewTest() {
    request_.method = "POST";
    request_.scheme = "https";
    request_.host = "shop.example:8443";
    EXPECT_TRUE(request_.set_target("/a%20b?x=1&x=2&y=a+b"));
    request_.headers.add("x-one", "1");
    request_.headers.add("X-One", "2");
    request_.headers.add("Cookie", "a=1; b=2");
    exchange_.peer = "10.0.0.1:5000";
    exchange_.real_ip = "192.0.2.1";
  }
  std::string text(std::string_view source) {
    config::Faults faults;
    const auto made = templates::Template::parse(source, {}, "t", faults);
    EXPECT_TRUE(made);
    const auto out = made->render(exchange_datum(exchange_));
    return out ? out->text : "error: " + out.error().message;
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};
  http::Request& request_ = *exchange_.request();
};

TEST_F(ViewTest, FieldsOfARequest) {
  EXPECT_EQ(text("{{.req.Method}} {{.req.Host}} {{.req.Proto}}"),
            "POST shop.example:8443 HTTP/1.1");
  EXPECT_EQ(text("{{.req.URL.Scheme}} {{.req.URL.Path}} {{.req.URL.RawQuery}}"),
            "https /a b x=1&x=2&y=a+b");
  EXPECT_EQ(text("{{.req.URL}} {{.req.RequestURI}}"), "/a%20b?x=1&x=2&y=a+b /a%20b?x=1&x=2&y=a+b");
  EXPECT_EQ(text("{{.req.RemoteAddr}} {{.req.RealIP}}"), "10.0.0.1:5000 192.0.2.1");
  EXPECT_EQ(text("{{index .req.Header \"X-ONE\" 1}} {{header .req.Header \"x-One\"}}"), "2 1");
  EXPECT_EQ(text("{{.req.Header}}"), "map[Cookie:[a=1; b=2] X-One:[1 2]]");
  EXPECT_EQ(text("{{.req.Query.x}} {{index .req.Query.y 0}} {{index .req.Cookies.b 0}}"),
            "[1 2] a b 2");
  EXPECT_EQ(text("{{host .req}} {{port .req}}"), "shop.example 8443");
  EXPECT_EQ(text("{{.requests.DEFAULT.Method}} {{.namespace}}"), "POST DEFAULT");
  EXPECT_THAT(text("{{.req.Methode}}"), ::testing::HasSubstr("a request has no field \"Methode\""));
}

// A loop that reads a member in each round would make it each time, for a step.
TEST_F(ViewTest, MembersAreMadeOnce) {
  request_.body.assign("{\"a\": 1}");
  exchange_.new_response().headers.add("X-A", "1");
  const templates::Datum root = exchange_datum(exchange_);
  const templates::Datum req = *root.member("req");
  for (const char* name : {"Query", "Cookies", "JSONBody", "YAMLBody"})
    EXPECT_EQ(req.member(name)->node()->get(), req.member(name)->node()->get()) << name;
  EXPECT_EQ(req.member("RequestURI")->words()->data(), req.member("RequestURI")->words()->data());
  for (const templates::Datum& message : {req, *root.member("resp")}) {
    const templates::Datum headers = *message.member("Header");
    EXPECT_EQ(headers.object()->get(), message.member("Header")->object()->get());
    headers.object()->get()->each([&](std::string_view name, const templates::Datum& values) {
      EXPECT_EQ(values.node()->get(), headers.member(name)->node()->get());
      return true;
    });
  }
}

TEST_F(ViewTest, WorkInsideOfAMessageCounts) {
  request_.headers.add("Authorization", "Basic " + std::string(60000, 'Y'));
  request_.body.assign(std::string(1000000, 'k'));
  for (const char* call : {"username $.req", "print $.req.Header", "index $.req.Header $.req.Body",
                           "header $.req.Header $.req.Body", "get $.req.Query $.req.Body",
                           "hasKey $.req.Query $.req.Body", "print $.requests | len"}) {
    const std::string loop = std::string("{{range 1000}}{{$x := ") + call + "}}{{end}}";
    EXPECT_THAT(text(loop), ::testing::HasSubstr("steps")) << call;
  }
  // These read what is small.
  for (const char* call :
       {"header $.req.Header \"Authorization\"", "len $.req.Header", "index $.req.Query.x 0"}) {
    EXPECT_EQ(text(std::string("{{range 1000}}{{$x := ") + call + "}}{{end}}"), "") << call;
  }
}

TEST_F(ViewTest, Bodies) {
  request_.body.assign("{\"a\": 1}");
  EXPECT_EQ(text("{{.req.Body}} {{.req.RawBody}} {{.req.JSONBody.a}} {{.req.ContentLength}}"),
            "{\"a\": 1} {\"a\": 1} 1 8");
  request_.body.assign("a: [1, x]");
  EXPECT_EQ(text("{{.req.YAMLBody}}"), "map[a:[1 x]]");
  EXPECT_THAT(text("{{.req.JSONBody}}"), ::testing::HasSubstr("not JSON"));
  request_.body.clear();
  EXPECT_EQ(text("{{.req.JSONBody}}{{if .req.JSONBody}}x{{end}}"), "<no value>");
  request_.body.assign("a: " + std::string(kYamlBodyBytesMax, 'x'));
  EXPECT_THAT(text("{{.req.YAMLBody}}"), ::testing::HasSubstr("too long"));
  request_.body = stream_of({"x"});
  EXPECT_THAT(text("{{.req.Body}}"), ::testing::HasSubstr("a stream"));
}

TEST_F(ViewTest, ResponsesAndData) {
  EXPECT_EQ(text("{{.resp}} {{.responses.x.Body}} {{.other}}"), "<no value> <no value> <no value>");
  exchange_.activate("b");
  exchange_.new_response().status = 404;
  exchange_.activate("a");
  exchange_.new_response().body.assign("x");
  EXPECT_EQ(text("{{.resp.Body}} {{.namespace}} {{.req}}"), "x a <no value>");
  EXPECT_EQ(text("{{range $n, $r := .responses}}{{$n}}={{$r.Status}};{{end}}"),
            "a=200 OK;b=404 Not Found;");
  const Json data = {{"en", "English"}};
  exchange_.set_pipeline_data(&data);
  ASSERT_TRUE(exchange_.set_data("k", Json::array({1, 2})));
  EXPECT_EQ(text("{{get .data.PIPELINE \"en\"}} {{index .data.k 1}} {{.data.absent}}"),
            "English 2 <no value>");
}

TEST(TemplateLogTest, DropsLinesBeyondItsRate) {
  const auto file =
      std::filesystem::temp_directory_path() / ("template_log_" + std::to_string(::getpid()));
  const Logger logger = Logger::open(file.string(), false);
  TemplateLog log(logger, "p/f");
  const TimePoint start = Clock::now();
  for (int i = 0; i < 1000; ++i) log.log("warn", "line\nforged" + std::to_string(i));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start);
  logger.flush();
  // The log's own thread writes.
  std::string text;
  for (int i = 0; i < 1000 && text.find("forged9") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    text = read_file(file.string(), 1 << 20).value_or("");
  }
  std::filesystem::remove(file);
  const auto lines = std::ranges::count(text, '\n');
  EXPECT_GE(lines, TemplateLog::kLinesPerSecond);
  EXPECT_LE(lines, TemplateLog::kLinesPerSecond * (seconds.count() + 2));
  EXPECT_THAT(text, ::testing::HasSubstr("p/f: line"));
}

}  // namespace
}  // namespace sluice::filters
