// SPDX-License-Identifier: Apache-2.0
// Covers: access_format.cc, line_escape.cc
#include "observe/access_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;

AccessEntry entry() {
  AccessEntry e;
  e.duration = 1234us;
  e.peer = "127.0.0.1:5000";
  e.real_ip = "10.0.0.1";
  e.method = "GET";
  e.target = "/a?b=c";
  e.protocol = "HTTP/1.1";
  e.status = 200;
  e.request_bytes = 10;
  e.response_bytes = 20;
  return e;
}

std::string line(const AccessFormat& format, const AccessEntry& e) {
  std::string out;
  AccessFormat::TimeCache cache;
  format.append(out, e, cache);
  return out;
}

TEST(AccessFormat, DefaultLine) {
  AccessEntry e = entry();
  const std::vector<AccessEntry::FilterRun> steps{{"wasm", "", 900us}, {"mock", "mocked", 10us}};
  const std::vector<std::string> tags{"one", "two\nforged"};
  e.pipeline = "sale";
  e.steps = steps;
  e.tags = tags;
  const std::string text = line(AccessFormat(), e);
  EXPECT_NE(text.find("] [127.0.0.1:5000 10.0.0.1 GET /a?b=c HTTP/1.1 200] [1.234ms rx:10B tx:20B] "
                      "[pipeline(sale): wasm(900us)->mock(mocked,10us) | one | two\\x0aforged]\n"),
            std::string::npos)
      << text;
}

TEST(AccessFormat, TheCodeIsTheFirstTagOfTheDefaultLine) {
  AccessEntry e = entry();
  const std::vector<std::string> tags{"one"};
  e.tags = tags;
  e.code = "no_route";
  EXPECT_TRUE(line(AccessFormat(), e).ends_with("] [code=no_route | one]\n"));
  e.pipeline = "sale";
  EXPECT_TRUE(
      line(AccessFormat(), e).ends_with("] [pipeline(sale): <empty> | code=no_route | one]\n"));
  EXPECT_EQ(line(*AccessFormat::parse("{{Code}} {{Tags}}"), e),
            "no_route pipeline(sale): <empty> | one\n");
  e.code = "";
  EXPECT_EQ(line(*AccessFormat::parse("<{{Code}}>"), e), "<>\n");
}

// Corresponds to nginx's escape=json: for any input, the line is one object with the template's
// fields.
TEST(AccessFormat, JsonCannotBeForged) {
  AccessEntry e = entry();
  const std::vector<std::string> tags{"say \"hi\"", "tab\there"};
  e.target = "/a\",\"status\":200,\"x\":\"\\\n\x7f\xc3\xa9\xe9\xf0\x9f\x98\x80";
  e.tags = tags;
  const auto format =
      AccessFormat::parse(R"({"uri":"{{URI}}","status":{{StatusCode}},"tags":"{{Tags}}"})");
  ASSERT_TRUE(format) << format.error().message;
  EXPECT_EQ(line(*format, e),
            R"({"uri":"/a\",\"status\":200,\"x\":\"\\\u000a\u007f\u00e9\\xe9\ud83d\ude00",)"
            R"("status":200,"tags":"say \"hi\" | tab\u0009here"})"
            "\n");
  EXPECT_FALSE(AccessFormat::parse(R"({"uri":{{URI}}})").has_value());
  EXPECT_FALSE(AccessFormat::parse(R"(["{{Method}}", {{Tags}}])").has_value());
  EXPECT_TRUE(AccessFormat::parse(R"({"a\"b":"{{URI}}"})").has_value());
}

TEST(AccessFormat, ATemplateOfJsonThatMakesNoneIsRefused) {
  for (const std::string_view wrong :
       {R"({"u":"{{URI}})", R"({"u":"{{URI}}\"})", R"({"u":"\u{{StatusCode}}{{URI}}"})",
        R"({"u":"\{{URI}}"})", R"({"u":"{{URI}}"} {{StatusCode}})", R"({"u":"{{URI}}",})",
        R"(["{{URI}}")", R"({"s":{{StatusCode}}s})"}) {
    const auto refused = AccessFormat::parse(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_NE(refused.error().message.find("no JSON"), std::string::npos)
        << refused.error().message;
  }
  for (const std::string_view right :
       {R"({"u":"{{URI}}","n":[{{StatusCode}},{{ReqSize}}],"t":"x{{Tags}}\n"})",
        R"(["{{URI}}", {{RespSize}}])", R"( {"u":"\\{{URI}}"})"})
    EXPECT_TRUE(AccessFormat::parse(right)) << right;
}

TEST(AccessFormat, JsonLinesHaveAllThatIsKnown) {
  AccessEntry e = entry();
  const std::vector<AccessEntry::FilterRun> steps{{"wa\"sm", "", 900us}, {"mock", "mocked", 10us}};
  const std::vector<std::string> tags{"one", "two\n\"forged"};
  e.target = "/a\"\xff\n";
  e.pipeline = "sale";
  e.steps = steps;
  e.tags = tags;
  e.server = "shop";
  e.host = "a\"b.example";
  e.route = "shop.example/a\"*";
  e.code = "no_route";
  e.trace_id = {0x4bf92f3577b34da6, 0x0000ce929d0e0e47};
  std::string text = line(AccessFormat::json_lines(), e);
  EXPECT_EQ(text.substr(0, 9), "{\"time\":\"");
  EXPECT_EQ(
      text.substr(text.find(",\"peer")),
      R"(,"peer":"127.0.0.1:5000","client":"10.0.0.1","server":"shop","host":"a\"b.example",)"
      R"("method":"GET","target":"/a\"\\xff\u000a","protocol":"HTTP/1.1","status":200,"code":"no_route","durationUs":1234,"requestBytes":10,)"
      R"("responseBytes":20,"route":"shop.example/a\"*","pipeline":"sale","filters":[{"name":"wa\"sm","result":"",)"
      R"("durationUs":900},{"name":"mock","result":"mocked","durationUs":10}],)"
      R"("tags":["one","two\u000a\"forged"],"traceId":"4bf92f3577b34da60000ce929d0e0e47"})"
      "\n");
}

TEST(AccessFormat, TheTraceOfARequest) {
  AccessEntry e = entry();
  const AccessFormat format = *AccessFormat::parse("<{{TraceID}}>");
  EXPECT_EQ(line(format, e), "<>\n");
  EXPECT_EQ(line(AccessFormat::json_lines(), e).find("traceId"), std::string::npos);
  e.trace_id = {0, 0xa1};
  EXPECT_EQ(line(format, e), "<000000000000000000000000000000a1>\n");
}

TEST(AccessFormat, TextIsEscapedForTheMarksOfItsTemplate) {
  AccessEntry e = entry();
  e.target = "/a\"b|c\\x\xe9\x1b[31m'";
  EXPECT_EQ(line(*AccessFormat::parse("{{URI}} {{Method}}"), e),
            "/a\"b|c\\x5cx\\xe9\\x1b[31m' GET\n");
  EXPECT_EQ(line(*AccessFormat::parse("\"{{URI}}\"|{{Method}}"), e),
            "\"/a\\x22b\\x7cc\\x5cx\\xe9\\x1b[31m'\"|GET\n");
}

TEST(AccessFormat, ABracketOfTheTemplateIsNotClosedByText) {
  AccessEntry e = entry();
  e.target = "/a)>}](";
  EXPECT_EQ(line(*AccessFormat::parse("{{URI}} {{Method}}"), e), "/a)>}]( GET\n");
  EXPECT_EQ(line(*AccessFormat::parse("({{URI}}) {{Method}}"), e), "(/a\\x29>}]() GET\n");
  EXPECT_EQ(line(*AccessFormat::parse("<{{URI}}> {{Method}}"), e), "</a)\\x3e}](> GET\n");
}

TEST(AccessFormat, ALongUriIsCut) {
  AccessEntry e = entry();
  const AccessFormat format = *AccessFormat::parse("{{URI}}");
  for (const std::size_t size : {511, 512, 513, 5000}) {
    const std::string target(size, 'u');
    e.target = target;
    EXPECT_EQ(line(format, e), std::string(std::min<std::size_t>(size, 512), 'u') + "\n");
  }
}

TEST(AccessFormat, TagsOfTheDefaultLineCannotBeForged) {
  AccessEntry e = entry();
  const std::vector<std::string> tags{"a | b] [c", "http://[::1]:80: refused", "end]"};
  e.target = "/?ids[]=1|]";
  e.tags = tags;
  const std::string text = line(AccessFormat(), e);
  EXPECT_NE(text.find(" GET /?ids[]=1\\x7c\\x5d HTTP/1.1 200] "), std::string::npos) << text;
  EXPECT_NE(text.find(" [a \\x7c b\\x5d [c | http://[::1]:80: refused | end\\x5d]\n"),
            std::string::npos)
      << text;
}

TEST(AccessFormat, TimeCacheGivesTheSameAsFormattingAnew) {
  AccessEntry e = entry();
  std::string out;
  AccessFormat::TimeCache cache;
  const AccessFormat format = *AccessFormat::parse("{{Time}}");
  for (const auto step : {0ms, 1ms, 999ms, 1500ms, 60000ms}) {
    e.start = std::chrono::system_clock::time_point(1700000000s) + step;
    out.clear();
    format.append(out, e, cache);
    EXPECT_EQ(out, format_rfc3339_ms(e.start) + "\n");
  }
}

TEST(AccessFormat, UnknownVariableIsNamed) {
  const auto format = AccessFormat::parse("a {{Tim}}");
  ASSERT_FALSE(format.has_value());
  EXPECT_NE(format.error().message.find("{{Tim}}"), std::string::npos);
  EXPECT_FALSE(AccessFormat::parse("{{Time").has_value());
  EXPECT_EQ(line(*AccessFormat::parse("{{ StatusCode }} {{Method}}!"), entry()), "200 GET!\n");
}

TEST(AccessLog, WritesEveryLineOfEveryCore) {
  const auto path = std::filesystem::path(testing::TempDir()) / "access_log_test.log";
  std::filesystem::remove(path);
  {
    AccessLog log(path, 2, Logger());
    const AccessFormat format = *AccessFormat::parse("{{Method}}");
    for (int i = 0; i < 100'000; ++i) log.write(static_cast<unsigned>(i % 2), format, entry());
    log.flush(0);
  }
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  const std::string all = text.str();
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 100'000);
}

// The log ends at any point of its writer's turn, before its first one too.
TEST(AccessLog, ABatchOnItsWayToTheWriterIsNotLost) {
  const auto path = std::filesystem::path(testing::TempDir()) / "access_log_batch_test.log";
  const AccessFormat format = *AccessFormat::parse("{{Method}}");
  for (int round = 0; round < 200; ++round) {
    std::filesystem::remove(path);
    {
      AccessLog log(path, 1, Logger());
      log.write(0, format, entry());
      log.flush(0);
    }
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    ASSERT_EQ(text.str(), "GET\n") << round;
  }
}

}  // namespace
}  // namespace sluice::observe
