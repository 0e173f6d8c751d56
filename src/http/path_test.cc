// SPDX-License-Identifier: Apache-2.0
#include "http/path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/message.h"

namespace sluice::http {
namespace {

using testing::Contains;
using testing::UnorderedElementsAre;

// Returns the normal form, followed by its doubts in brackets.
std::string normal(std::string path) {
  const std::string before = path;
  const NormalPath result = normalize_path(path);
  EXPECT_EQ(result.changed, path != before) << before;
  std::string again = path;
  EXPECT_FALSE(normalize_path(again).changed) << before << " -> " << path << " -> " << again;
  if (!result.doubts.empty()) path.append(" (").append(result.doubts.text()).append(")");
  return path;
}

TEST(NormalizePath, LeavesNormalFormsAlone) {
  for (const char* path : {"/", "/a", "/a/", "/a.b/c", "/.well-known/x", "/A/~u/(1)!$&'*+,=:@",
                           "/caf%C3%A9", "/a%20b", "/a%25", "/100%25/x"}) {
    EXPECT_EQ(normal(path), path);
  }
}

// RFC 3986 sections 5.2.4 and 6.2.2.
TEST(NormalizePath, MakesOneSpelling) {
  EXPECT_EQ(normal("/%62uy"), "/buy");
  EXPECT_EQ(normal("/caf%c3%a9"), "/caf%C3%A9");
  EXPECT_EQ(normal("/%7Eu/%2D%5F%2e1"), "/~u/-_.1");
  EXPECT_EQ(normal("/a/./b/../c"), "/a/c");
  EXPECT_EQ(normal("/a/%2e/b/%2E%2e/c"), "/a/c");
  EXPECT_EQ(normal("/a/b/.."), "/a/");
  EXPECT_EQ(normal("/a/."), "/a/");
  EXPECT_EQ(normal("//buy"), "/buy");
  EXPECT_EQ(normal("///a//b///"), "/a/b/");
  EXPECT_EQ(normal("/a//../b"), "/b");
  EXPECT_EQ(normal("//"), "/");
}

TEST(NormalizePath, NamesDoubts) {
  EXPECT_EQ(normal("/../a"), "/a (dots that lead above the root)");
  EXPECT_EQ(normal("/a%2fb"), "/a%2fb (an escaped slash or a backslash)");
  EXPECT_EQ(normal("/%2e%2e%2fa/%2e"), "/%2e%2e%2fa/ (an escaped slash or a backslash)");
  EXPECT_EQ(normal("/%5cbuy"), "/%5cbuy (an escaped slash or a backslash)");
  EXPECT_EQ(normal("/\\buy"), "/\\buy (an escaped slash or a backslash)");
  EXPECT_EQ(normal("/buy;a=1"), "/buy;a=1 (a semicolon)");
  EXPECT_EQ(normal("/buy%3b"), "/buy%3B (a semicolon)");
  EXPECT_EQ(normal("/a%3Fb"), "/a%3Fb (an escaped ? or #)");
  EXPECT_EQ(normal("/%2541"), "/%2541 (an escape that is escaped once more)");
  EXPECT_EQ(normal("/%c0%ae"), "/%C0%AE (an escape that is escaped once more)");
  for (const char* path :
       {"/%ED%9F%BF", "/%EE%80%80", "/%E0%A0%80", "/%F0%90%80%80", "/%F4%8F%BF%BF"})
    EXPECT_EQ(normal(path), path);
  for (const std::string path :  // surrogates, overlong forms, and numbers that are no character
       {"/%ED%A0%80", "/%ED%BF%BF", "/%E0%9F%BF", "/%F0%8F%BF%BF", "/%F4%90%80%80"})
    EXPECT_EQ(normal(path), path + " (octets that are no URI or no UTF-8)");
  EXPECT_EQ(normal("/%E9"), "/%E9 (octets that are no URI or no UTF-8)");
  EXPECT_EQ(normal("/\xc3\xa9"), "/%C3%A9 (octets that are no URI or no UTF-8)");
  EXPECT_EQ(normal("/%ef%bc%8fbuy"), "/%EF%BC%8Fbuy (a fullwidth form of an ASCII character)");
  EXPECT_EQ(normal("/%EF%BD%9E"), "/%EF%BD%9E (a fullwidth form of an ASCII character)");
  for (const char* path : {"/%EF%BC%80", "/%EF%BD%9F", "/%EF%BE%81", "/voil%C3%A0", "/%E3%81%80"})
    EXPECT_EQ(normal(path), path) << "not one";
  for (const char* path : {"/buy%20", "/%20buy", "/buy.", "/buy%0A", "/b%09uy", "/...", "/x./y",
                           "/buy%C2%A0", "/%E3%80%80buy", "/buy%E2%80%8B/x", "/%EF%BB%BFbuy"})
    EXPECT_THAT(normal(path), testing::EndsWith("edge of a segment)")) << path;
}

TEST(HasDotSegments, OnlyWholeSegments) {
  for (const char* path : {"/a/../b", "/..", "/.", "./a", "/a/."})
    EXPECT_TRUE(has_dot_segments(path));
  for (const char* path : {"/", "/a..b", "/...", "/.a/b.", "/a/"})
    EXPECT_FALSE(has_dot_segments(path));
}

std::vector<std::string> readings(std::string_view path) {
  return path_readings(path).value_or(std::vector<std::string>{"too many"});
}

TEST(PathReadings, AreWhatLaxServersSee) {
  EXPECT_THAT(readings("/a/b"), UnorderedElementsAre());
  EXPECT_THAT(readings("/x/../buy"), UnorderedElementsAre("/buy"));
  EXPECT_THAT(readings("/\\buy"), Contains("/buy"));
  EXPECT_THAT(readings("/x\\..\\buy"), Contains("/buy"));
  EXPECT_THAT(readings("/buy;a=1/x"), UnorderedElementsAre("/buy/x"));
  EXPECT_THAT(readings("/x/..;/buy"), Contains("/buy"));
  EXPECT_THAT(readings("/buy "), UnorderedElementsAre("/buy"));
  EXPECT_THAT(readings("/x/.. /buy"), Contains("/buy"));
  EXPECT_THAT(readings("/buy?a"), UnorderedElementsAre("/buy"));
  EXPECT_THAT(readings("/%2e%2e%2fbuy"), Contains("/buy"));
  EXPECT_THAT(readings("/x/\xc0\xae./buy"), Contains("/buy"));
  EXPECT_THAT(readings("/\xe0\x80\xafx"), Contains("/x"));
  EXPECT_THAT(readings("/buy;a .x"), UnorderedElementsAre("/buy"));
  EXPECT_THAT(readings("/buy\xc2\xa0"), UnorderedElementsAre("/buy"));
  EXPECT_THAT(readings("/\xe3\x80\x80 buy"), UnorderedElementsAre("/buy"));
  EXPECT_THAT(readings("/buy\xa0"), UnorderedElementsAre("/buy")) << "ISO 8859-1";
  EXPECT_THAT(readings("/voil\xc3\xa0"), UnorderedElementsAre()) << "no blank at its end";
  EXPECT_THAT(readings("/x\xef\xbc\x8f..\xef\xbc\x8f\xef\xbd\x82uy"), Contains("/buy"));
}

// One step can enable the next.
TEST(PathReadings, FollowOneFromAnother) {
  EXPECT_THAT(readings("/buy ;a"), UnorderedElementsAre("/buy ", "/buy"));
  EXPECT_THAT(readings("/buy;a ?b"), Contains("/buy"));
  EXPECT_THAT(readings("/%252e%252e%252fbuy"), Contains("/buy"));
  EXPECT_THAT(readings("/%3Bx/%2e%2e/buy"), Contains("/buy"));
  EXPECT_THAT(readings("/%252525252525252525252525252525252525252e"),
              UnorderedElementsAre("too many"));
  EXPECT_THAT(readings("/a;b ?c"), Contains("/a"));
}

}  // namespace
}  // namespace sluice::http
