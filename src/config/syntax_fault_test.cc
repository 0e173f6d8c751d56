// SPDX-License-Identifier: Apache-2.0
// The faults that people make, through the parser: which line, and which words.
#include "config/syntax_fault.h"

#include <gtest/gtest.h>

#include "config/value.h"

namespace sluice::config {
namespace {

struct Case {
  const char* text;
  const char* message;
};

void check(std::initializer_list<Case> cases) {
  for (const Case& one : cases) {
    const auto parsed = parse_documents(one.text);
    EXPECT_EQ(parsed ? "" : parsed.error().message, one.message) << one.text;
  }
}

TEST(SyntaxFault, TextThatBeginsWithASpecialCharacter) {
  check({
      {"- host: *.example.com\n", "line 1, column 9: quote a text that begins with *"},
      {"{a: *.example.com}\n", "line 1, column 5: quote a text that begins with *"},
      {"a: [*, b]\n", "line 1, column 5: quote a text that begins with *"},
      {"a: *\n", "line 1, column 4: quote a text that begins with *"},
      {"a: *b\n", "line 1, column 4: quote a text that begins with *"},
      {"a: & b\n", "line 1, column 4: quote a text that begins with &"},
      {"a: @b\n", "line 1, column 4: quote a text that begins with @"},
      {"a: `b`\n", "line 1, column 4: quote a text that begins with `"},
      {"a: %b\n", "line 1, column 4: quote a text that begins with %"},
      {"a: ? b\n", "line 1, column 4: quote a text that begins with ?"},
      {"a: ,b\n", "line 1, column 4: quote a text that begins with ,"},
      {"a: >b\n", "line 1, column 4: quote a text that begins with >"},
      {"a: |b\n", "line 1, column 4: quote a text that begins with |"},
      {"a: {{ b }}\n", "line 1, column 4: quote a text that begins with {{"},
      {"a: !b\n",
       "line 1, column 4: the tag \"!b\" is not supported; quote a text that begins with !"},
  });
}

TEST(SyntaxFault, Tabs) {
  const std::string reason = "a tab stands before the text of the line: indent with blanks";
  for (const auto& [text, place] : std::initializer_list<std::pair<const char*, const char*>>{
           {"a:\n\t- b\n", "line 2, column 1: "},
           {"a:\n  \t- b\n", "line 2, column 3: "},
           {"a:\n\tb: c\n", "line 2, column 1: "},
           {"a:\n- b: 1\n\tc: 2\n", "line 3, column 1: "}})
    check({{text, (place + reason).c_str()}});
}

TEST(SyntaxFault, MissingBlanks) {
  check({
      {"kind: x\nname:b2\nport: 80\n", "line 2, column 6: put a blank behind the colon"},
      {"kind:x\n# a comment\n\nport: 80\n", "line 1, column 6: put a blank behind the colon"},
      {"f:\n- name: x\n  kind:y\n  code: 1\n", "line 3, column 8: put a blank behind the colon"},
      {"f:\n-name: x\n kind: y\n", "line 2, column 2: put a blank behind the -"},
      {"f:\n- http://a/\n  b: 1\n",
       "line 2, column 3: this is no `key: value`, so no key can follow it"},
  });
}

TEST(SyntaxFault, Indentation) {
  check({
      {"f:\n- name: x\n rules: []\n",
       "line 3, column 2: the line begins with 1 blank; to fit those above, it needs 0 or 2"},
      {"f:\n  - name: x\n    kind: y\n   - name: z\n",
       "line 4, column 4: the line begins with 3 blanks; to fit those above, it needs 2 or 4"},
      {"f:\n- name: x\n   kind: y\n",
       "line 3, column 4: the line begins with 3 blanks; to fit those above, it needs 2"},
      {"kind: x\n name: y\n",
       "line 2, column 2: the line begins with 1 blank; to fit those above, it needs 0"},
      {"  kind: x\nname: y\n",
       "line 2, column 1: the line begins with no blank; to fit those above, it needs 2"},
      {"f:\n  g:\n    h: 1\n   i: 2\n\n# z\n",
       "line 4, column 4: the line begins with 3 blanks; to fit those above, it needs 2 or 4"},
  });
}

TEST(SyntaxFault, TwoThingsInALine) {
  check({
      {"name: a: b\n", "line 1, column 8: quote a text that holds a colon and a blank"},
      {"f: - name: x\n", "line 1, column 4: begin the list on a line of its own"},
      {"--- a: b\nc: d\n", "line 1, column 5: begin the document on the line below the ---"},
      {"a:\n  b\n  c: 1\n", "line 2, column 3: this is no `key: value`, so no key can follow it"},
      {"name: \"x\" y\n", "line 1, column 11: text follows the closing \""},
      {"name: 'it's'\n", "line 1, column 11: text follows the closing '; in '…', write '' for a '"},
      {"name: [a] b\n", "line 1, column 11: text follows the closing ]"},
  });
}

TEST(SyntaxFault, Brackets) {
  check({
      {"a: x\n}\n", "line 2, column 1: no { is open before this }; quote it if it is text"},
      {"a: [b}\n", "line 1, column 6: no { is open before this }; quote it if it is text"},
      {"a: ]\n", "line 1, column 4: no [ is open before this ]; quote it if it is text"},
      {"a: {b: x c: y}\n",
       "line 1, column 11: a comma is missing before this, or the } of the map"},
  });
}

TEST(SyntaxFault, Escapes) {
  check({{"a: \"\\d+\"\n",
          "line 1, column 5: \\d is no escape: write \\\\d, or put the text in '…'"}});
}

TEST(SyntaxFault, OtherWordsAreThoseOfTheParser) {
  const SyntaxFault fault = syntax_fault("a: b\n", 3, "some words");
  EXPECT_EQ(fault.at, 3U);
  EXPECT_EQ(fault.reason, "some words");
  EXPECT_EQ(syntax_fault("", 0, "some words").reason, "some words");
  EXPECT_EQ(syntax_fault("a", 99, "illegal map value").reason, "illegal map value");
}

}  // namespace
}  // namespace sluice::config
