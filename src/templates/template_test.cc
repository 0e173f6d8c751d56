// SPDX-License-Identifier: Apache-2.0
// Covers: arguments.cc bare_values.cc datum.cc format.cc functions.cc functions_core.cc
// functions_data.cc Covers: functions_http.cc functions_number.cc functions_text.cc lexer.cc
// output.cc parse_json.cc Covers: parser.cc renderer.cc skeleton.cc yaml_place.cc
#include "templates/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "templates/parse_json.h"

namespace sluice::templates {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kData = R"({
  "name": "Ada", "empty": "", "zero": 0, "one": 1, "no": false, "yes": true, "nothing": null,
  "pi": 3.25, "big": 1234567890123, "huge": 9007199254740993, "tiny": 1e-7, "whole": 2e3,
  "list": [10, 20, 30], "words": ["a", "b"], "void": [], "map": {"x": 1, "y": {"z": "deep"}},
  "lines": "one\ntwo", "quoted": "say \"hi\"", "people": [{"n": "Bo"}, {"n": "Cy"}],
  "json": "{\"k\": [1, 2]}", "html": "<a href='x'>&</a>"
})";

Result<std::string> rendered(std::string_view text, const RenderOptions& options = {},
                             const Delimiters& delimiters = {}) {
  config::Faults faults;
  const auto made = Template::parse(text, delimiters, "template", faults);
  if (!made) return std::unexpected(faults.to_error());
  const auto data = parse_json(kData);
  auto out = made->render(Datum(*data), options);
  if (!out) return std::unexpected(std::move(out).error());
  return out->text;
}

std::string fault_of(std::string_view text, const Delimiters& delimiters = {}) {
  config::Faults faults;
  EXPECT_FALSE(Template::parse(text, delimiters, "template", faults)) << text;
  return faults.empty() ? "" : faults.lines()[0];
}

struct Row {
  std::string_view text;
  std::string_view result;
};

void check(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    const auto made = rendered(row.text);
    ASSERT_TRUE(made) << row.text << ": " << made.error().message;
    EXPECT_EQ(*made, row.result) << row.text;
  }
}

TEST(TemplateTest, TextAndTrimming) {
  check({
      {"", ""},
      {"plain } text {", "plain } text {"},
      {"a{{.name}}b", "aAdab"},
      {"a {{- .name -}} b", "aAdab"},
      {"a \n\t{{- .name}} b", "aAda b"},
      {"a {{.name -}} \n b", "a Adab"},
      {"{{/* gone */}}x", "x"},
      {"a {{- /* gone */ -}} b", "ab"},
      {"{{- 3}}", "3"},
      {"{{-3}}", "-3"},
      {"{{ .name\n}}", "Ada"},
  });
}

TEST(TemplateTest, ValuesPrintAsInGo) {
  check({
      {"{{.absent}}", "<no value>"},
      {"{{.nothing}}", "<no value>"},
      {"{{.absent.deeper.still}}", "<no value>"},
      {"{{.one}} {{.no}} {{.pi}}", "1 false 3.25"},
      {"{{.big}} {{.huge}} {{.whole}} {{.tiny}}", "1234567890123 9007199254740993 2000 1e-07"},
      {"{{.list}} {{.void}}", "[10 20 30] []"},
      {"{{.map}}", "map[x:1 y:map[z:deep]]"},
      {"{{.map.y.z}}", "deep"},
      {"{{$.name}}", "Ada"},
      {"{{(index .people 1).n}}", "Cy"},
      {"{{\"a\\n\\\"b\\u00e9\\x41\"}}", "a\n\"b\xc3\xa9\x41"},
      {"{{`raw \\n`}}", "raw \\n"},
      {"{{'A'}} {{0x1f}} {{1.5}} {{-7}} {{true}}", "65 31 1.5 -7 true"},
  });
}

TEST(TemplateTest, Conditions) {
  check({
      {"{{if .name}}yes{{end}}", "yes"},
      {"{{if .empty}}yes{{else}}no{{end}}", "no"},
      {"{{if .zero}}a{{else if .void}}b{{else if .map}}c{{else}}d{{end}}", "c"},
      {"{{if not .absent}}none{{end}}", "none"},
      {"{{if and .name .empty}}a{{else}}b{{end}}", "b"},
      {"{{or .absent .empty .name}}", "Ada"},
      {"{{or .absent .empty}}", ""},
      {"{{and .name .one}}", "1"},
      {"{{and .name .zero .one}}", "0"},
      {"{{or .name (index .list 99)}}", "Ada"},
      {"{{and .no (index .list 99)}}", "false"},
      {"{{with .map.y}}{{.z}}{{$.name}}{{end}}", "deepAda"},
      {"{{with .absent}}a{{else}}{{.name}}{{end}}", "Ada"},
      {"{{with $m := .map}}{{$m.x}}{{end}}", "1"},
      {"{{if $m := .map}}{{$m.x}}{{end}}", "1"},
  });
}

TEST(TemplateTest, Loops) {
  check({
      {"{{range .list}}<{{.}}>{{end}}", "<10><20><30>"},
      {"{{range $i, $v := .words}}{{$i}}{{$v}} {{end}}", "0a 1b "},
      {"{{range $v := .words}}{{$v}}{{end}}", "ab"},
      {"{{range $k, $v := .map}}{{$k}}={{$v}};{{end}}", "x=1;y=map[z:deep];"},
      {"{{range .void}}a{{else}}none{{end}}", "none"},
      {"{{range .absent}}a{{else}}none{{end}}", "none"},
      {"{{range .list}}{{if eq . 20}}{{continue}}{{end}}{{.}} {{end}}", "10 30 "},
      {"{{range .list}}{{if eq . 20}}{{break}}{{end}}{{.}} {{end}}x", "10 x"},
      {"{{range .words}}{{range $.list}}{{break}}{{end}}{{.}}{{end}}", "ab"},
      {"{{range 3}}{{.}}{{end}}", "012"},
      {"{{range .people}}{{.n}}{{end}}", "BoCy"},
  });
}

TEST(TemplateTest, Variables) {
  check({
      {"{{$x := .one}}{{$x}}", "1"},
      {"{{$x := 1}}{{$x = 2}}{{$x}}", "2"},
      {"{{$x := 1}}{{range .list}}{{$x = .}}{{end}}{{$x}}", "30"},
      {"{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"},
      {"{{$first := true}}{{range .words}}{{if not $first}},{{end}}{{.}}{{$first = false}}{{end}}",
       "a,b"},
      {"{{$m := or .absent .map}}{{$m.y.z}}", "deep"},
      {"{{$x := .name | lower}}{{$x}}", "ada"},
  });
}

TEST(TemplateTest, Comparisons) {
  check({
      {"{{eq .one 1}} {{eq .name \"Ada\"}} {{eq .one 2 1}} {{ne .one 2}}", "true true true true"},
      {"{{eq .whole 2000}} {{eq .pi 3.25}} {{lt 1 .pi}} {{le 3 3}}", "true true true true"},
      {"{{gt .huge 9007199254740992.0}} {{ge 2 3}}", "true false"},
      {"{{eq .absent .nothing}} {{eq .absent \"\"}}", "true false"},
      {"{{lt \"a\" \"b\"}}", "true"},
  });
}

TEST(TemplateTest, FunctionsOfText) {
  check({
      {"{{.quoted | jsonEscape}}", "say \\\"hi\\\""},
      {"{{.lines | jsonEscape}}", "one\\ntwo"},
      {"{{.map | jsonEscape}}", "{\\\"x\\\":1,\\\"y\\\":{\\\"z\\\":\\\"deep\\\"}}"},
      {"{{.name | b64enc}} {{\"QWRh\" | b64dec}}", "QWRh Ada"},
      {"{{replace \"\\n\" \" \" .lines}}", "one two"},
      {"{{replace \"\\n\" \" \" .lines | upper}}", "ONE TWO"},
      {"{{trim \" x \"}}{{trimPrefix \"A\" .name}}{{trimSuffix \"a\" .name}}", "xdaAd"},
      {"{{upper .name}}{{lower .name}}", "ADAada"},
      {"{{contains \"d\" .name}} {{hasPrefix \"A\" .name}} {{hasSuffix \"A\" .name}}",
       "true true false"},
      {"{{join \"-\" .words}} {{splitList \",\" \"x,y\"}}", "a-b [x y]"},
      {"{{quote .name .one}} {{squote .name}}", "\"Ada\" \"1\" 'Ada'"},
      {"{{sha256sum \"\"}}", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"{{html .html}}", "&lt;a href=&#39;x&#39;&gt;&amp;&lt;/a&gt;"},
      {"{{js .quoted}}", "say \\u0022hi\\u0022"},
      {"{{urlquery \"a b/&\"}} {{urlQueryUnescape \"a+b%2F\"}}", "a+b%2F%26 a b/"},
      {"{{slice .name 1}}{{slice .name 0 1}}{{slice .list 1 2}}", "daA[20]"},
      {"{{host \"h:80\"}} {{port \"h:80\"}} {{host \"[::1]:80\"}}", "h 80 ::1"},
  });
}

TEST(TemplateTest, FunctionsOfData) {
  check({
      {"{{index .list 1}} {{index .map \"y\" \"z\"}} {{index .map \"q\"}}", "20 deep <no value>"},
      {"{{len .list}} {{len .name}} {{len .map}}", "3 3 2"},
      {"{{get .map \"x\"}}{{get .map \"q\"}}|{{hasKey .map \"q\"}}", "1|false"},
      {"{{(last .people).n}} {{first .list}} {{rest .list}} {{last .void}}",
       "Cy 10 [20 30] <no value>"},
      {"{{keys .map}} {{list 1 \"a\"}} {{dict \"a\" 1}}", "[x y] [1 a] map[a:1]"},
      {"{{toRawJson .map}} {{toJson .html}}",
       "{\"x\":1,\"y\":{\"z\":\"deep\"}} \"<a href='x'>&</a>\""},
      {"{{index (fromJson .json).k 1}}", "2"},
      {"{{mergeObject .map (dict \"x\" 2 \"w\" 3) | toRawJson}}",
       "{\"w\":3,\"x\":2,\"y\":{\"z\":\"deep\"}}"},
      {"{{default \"d\" .empty}} {{default \"d\" .name}} {{coalesce .empty .one}} {{empty .zero}}",
       "d Ada 1 true"},
      {"{{ternary \"a\" \"b\" .yes}}", "a"},
      {"{{print .one .pi}} {{print .name .one}} {{println .one}}", "1 3.25 Ada1 1\n"},
      {"{{header (dict \"A\" .words) \"A\"}}{{header .map \"Q\"}}", "a"},
  });
}

TEST(TemplateTest, FunctionsOfNumbers) {
  check({
      {"{{add 1 2 3}} {{sub 5 2}} {{mul 2 3}} {{div 7 2}} {{mod 7 2}}", "6 3 6 3 1"},
      {"{{max 1 5 3}} {{min 4 2}} {{atoi \"42\"}} {{int64 .pi}}", "5 2 42 3"},
      {"{{addf 0.5 1}} {{subf 1 0.5}} {{mulf 2 1.5}} {{divf 1 4}}", "1.5 0.5 3 0.25"},
      {"{{printf \"%s|%5d|%-4d|%05d|%x\" .name 7 7 7 255}}", "Ada|    7|7   |00007|ff"},
      {"{{printf \"%q %v %.2f %t %% %+d\" .quoted .list .pi .yes 3}}",
       "\"say \\\"hi\\\"\" [10 20 30] 3.25 true % +3"},
      {"{{printf \"%x %X %e %.2s\" .name 171 1.5 .name}}", "416461 AB 1.500000e+00 Ad"},
      {"{{printf \"%s\\n\" .name | jsonEscape}}", "Ada\\n"},
  });
  EXPECT_THAT(*rendered("{{now}}"), ::testing::MatchesRegex("[0-9]+"));
}

TEST(TemplateTest, OtherDelimiters) {
  const Delimiters brackets{"[[", "]]"};
  EXPECT_EQ(*rendered("{{.name}} [[.name]]", {}, brackets), "{{.name}} Ada");
  EXPECT_EQ(*rendered("a [[- .name -]] b", {}, brackets), "aAdab");
}

TEST(TemplateTest, FaultsNameLineAndCause) {
  EXPECT_EQ(fault_of("a\n{{.x"), "template: line 2: the action is not closed: }} is missing");
  EXPECT_THAT(fault_of("{{if .x}}\n"), HasSubstr("line 1: {{if}} has no {{end}}"));
  EXPECT_THAT(fault_of("{{end}}"), HasSubstr("\"end\" has no beginning"));
  EXPECT_THAT(fault_of("{{else}}"), HasSubstr("\"else\" has no beginning"));
  EXPECT_THAT(fault_of("{{if .a}}{{else}}{{else}}{{end}}"), HasSubstr("two {{else}}"));
  EXPECT_THAT(fault_of("{{if .a}}{{else range .b}}{{end}}"), HasSubstr("does not follow"));
  EXPECT_THAT(fault_of("{{define \"x\"}}{{end}}"), HasSubstr("is not supported"));
  EXPECT_THAT(fault_of("{{break}}"), HasSubstr("break stands outside of range"));
  EXPECT_THAT(fault_of("{{if .a}}{{continue}}{{end}}"), HasSubstr("outside of range"));
  EXPECT_THAT(fault_of("{{$x}}"), HasSubstr("$x is not declared"));
  EXPECT_THAT(fault_of("{{if .a}}{{$x := 1}}{{end}}{{$x}}"), HasSubstr("$x is not declared"));
  EXPECT_THAT(fault_of("{{$x = 1}}"), HasSubstr("$x is not declared"));
  EXPECT_THAT(fault_of("{{$ := 1}}"), HasSubstr("keeps its value"));
  EXPECT_THAT(fault_of("{{replase 1 2 3}}"), HasSubstr("did you mean \"replace\"?"));
  EXPECT_THAT(fault_of("{{lower}}"), HasSubstr("lower takes at least 1 argument, not 0"));
  EXPECT_THAT(fault_of("{{index}}"), HasSubstr("index takes at least 1"));
  EXPECT_THAT(fault_of("{{.a | 3}}"), HasSubstr("a function follows |"));
  EXPECT_THAT(fault_of("{{.a .b}}"), HasSubstr("only a function takes arguments"));
  EXPECT_THAT(fault_of("{{}}"), HasSubstr("the action is empty"));
  EXPECT_THAT(fault_of("{{if}}{{end}}"), HasSubstr("is missing"));
  EXPECT_THAT(fault_of("{{(.a}}"), HasSubstr("a ) is missing"));
  EXPECT_THAT(fault_of("{{\"a}}"), HasSubstr("a \" is missing"));
  EXPECT_THAT(fault_of("{{`a}}"), HasSubstr("a ` is missing"));
  EXPECT_THAT(fault_of("{{/* a }}"), HasSubstr("the comment is not closed"));
  EXPECT_THAT(fault_of("{{\"\\q\"}}"), HasSubstr("is no escape"));
  EXPECT_THAT(fault_of("{{1x}}"), HasSubstr("is no number"));
  EXPECT_THAT(fault_of("{{.a ; .b}}"), HasSubstr("has no meaning"));
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "{{if .a}}";
  EXPECT_THAT(fault_of(deep), HasSubstr("nested more than 100 deep"));
  EXPECT_THAT(fault_of("{{" + std::string(200, '(') + "}}"), HasSubstr("nested more than"));
}

TEST(TemplateTest, AnErrorNamesTheFieldThatIsMissing) {
  for (const auto& [text, said] :
       {std::pair("{{index .absent.of.it 0}}", ": .absent.of.it is missing"),
        std::pair("{{.absent | jsonEscape}}", "is needed")}) {
    const auto made = rendered(text);
    ASSERT_FALSE(made) << text;
    EXPECT_THAT(made.error().message, HasSubstr(said));
  }
}

TEST(TemplateTest, DataThatDoNotFitAreErrors) {
  for (const std::string_view text : {"{{index .list 3}}",
                                      "{{index .list -1}}",
                                      "{{.name.first}}",
                                      "{{index .absent 0}}",
                                      "{{eq .one \"1\"}}",
                                      "{{lt .list 1}}",
                                      "{{.absent | jsonEscape}}",
                                      "{{len .one}}",
                                      "{{range .name}}{{end}}",
                                      "{{div 1 0}}",
                                      "{{mod 1 0}}",
                                      "{{divf 1 0}}",
                                      "{{add 9223372036854775807 1}}",
                                      "{{div -9223372036854775808 -1}}",
                                      "{{fromJson \"{\"}}",
                                      "{{b64dec \"*\"}}",
                                      "{{urlQueryUnescape \"%zz\"}}",
                                      "{{slice .list 2 9}}",
                                      "{{printf \"%d\" .name}}",
                                      "{{printf \"%d\"}}",
                                      "{{printf \"x\" 1}}",
                                      "{{printf \"%1001d\" 1}}",
                                      "{{dict 1}}",
                                      "{{mergeObject .list}}",
                                      "{{first .name}}"}) {
    const auto made = rendered(text);
    ASSERT_FALSE(made) << text << ": " << *made;
    EXPECT_THAT(made.error().message, ::testing::StartsWith("line 1: ")) << text;
  }
}

TEST(TemplateTest, WorkIsBounded) {
  const RenderOptions few{.steps_max = 1000};
  EXPECT_EQ(rendered("{{range 1000000000}}{{end}}", few).error().kind, ErrorKind::too_large);
  const auto nested = rendered("{{range 1000}}{{range 1000}}{{end}}{{end}}", few);
  EXPECT_EQ(nested.error().kind, ErrorKind::too_large);
  // A text that doubles with every round.
  const auto doubled = rendered("{{$x := \"abcdefgh\"}}{{range 1000}}{{$x = print $x $x}}{{end}}");
  EXPECT_EQ(doubled.error().kind, ErrorKind::too_large);
  // A list that becomes deeper with every round.
  const auto deeper = rendered("{{$x := list}}{{range 10000}}{{$x = list $x}}{{end}}");
  EXPECT_EQ(deeper.error().kind, ErrorKind::too_large);
  const RenderOptions small{.output_bytes_max = 100};
  EXPECT_EQ(*rendered("{{range 100}}x{{end}}", small), std::string(100, 'x'));
  EXPECT_EQ(rendered("{{range 101}}x{{end}}", small).error().kind, ErrorKind::too_large);
}

// A client chooses both texts. A search that compares the part at each place does not end before
// the time limit of the tests.
TEST(TemplateTest, ASearchCostsNoMoreThanItsTexts) {
  constexpr std::size_t kSize = std::size_t{1} << 22;  // as much as a text may have
  const nlohmann::json data = {{"text", std::string(kSize, 'a')},
                               {"part", std::string(kSize / 2, 'a') + "b"}};
  const Datum root(std::make_shared<const nlohmann::json>(data));
  const RenderOptions many{.steps_max = 4 * kSize / 64};
  for (const auto& [text, result] : std::vector<std::pair<std::string, std::string>>{
           {"{{contains .part .text}}", "false"},
           {"{{len (splitList .part .text)}}", "1"},
           {"{{len (replace .part `` .text)}}", std::to_string(kSize)}}) {
    config::Faults faults;
    const auto made = Template::parse(text, {}, "template", faults);
    ASSERT_TRUE(made) << text;
    const auto out = made->render(root, many);
    ASSERT_TRUE(out) << text << ": " << out.error().message;
    EXPECT_EQ(out->text, result) << text;
    EXPECT_EQ(made->render(root, {.steps_max = kSize / 64}).error().kind, ErrorKind::too_large);
  }
}

// A copy of a value costs as much as its parts.
TEST(TemplateTest, CopiesOfJsonCount) {
  const std::string list = "{{$l := fromJson (printf `[%s0]` (print `" + [] {
    std::string zeros;
    for (int i = 0; i < 1000; ++i) zeros += "0,";
    return zeros;
  }() + "`))}}";
  for (const char* copy : {"rest $l", "list $l", "dict `k` $l", "mergeObject (dict `k` $l)",
                           "toJson $l", "print $l", "fromJson (toJson $l)"}) {
    const auto times = [&](int count) {
      return rendered(list + "{{range " + std::to_string(count) + "}}{{$x := " + copy +
                      "}}{{end}}");
    };
    EXPECT_TRUE(times(50)) << copy;
    EXPECT_EQ(times(1000).error().kind, ErrorKind::too_large) << copy;
  }
}

TEST(TemplateTest, JsonFromOutsideIsBounded) {
  EXPECT_TRUE(parse_json(std::string(64, '[') + std::string(64, ']')));
  EXPECT_EQ(parse_json(std::string(65, '[') + std::string(65, ']')).error().kind,
            ErrorKind::too_large);
  std::string many = "[0";
  for (std::size_t i = 0; i < kJsonValuesMax; ++i) many += ",0";
  EXPECT_EQ(parse_json(many + "]").error().kind, ErrorKind::too_large);
  EXPECT_EQ(parse_json("{").error().kind, ErrorKind::invalid);
  EXPECT_TRUE(parse_json("\"[[[[\\\"[[,,,\""));
}

// The output with `<value>` in the place of each value.
std::string shown(const Rendered& made) {
  std::string out;
  std::size_t from = 0;
  while (const auto mark = find_mark(made.text, from)) {
    out += made.text.substr(from, mark->begin - from);
    out += "<" + made.values.at(mark->index).text + ">";
    from = mark->end;
  }
  return out + made.text.substr(from);
}

Result<Rendered> with_body(std::string_view text, std::string body,
                           OutputForm form = OutputForm::yaml) {
  config::Faults faults;
  const auto made = Template::parse(text, {}, "template", faults);
  const auto data = std::make_shared<const Json>(Json{{"body", std::move(body)}});
  return made->render(Datum(data), {.form = form});
}

std::string yaml(std::string_view text, std::string body) {
  const auto made = with_body(text, std::move(body));
  return made ? shown(*made) : "error: " + made.error().message;
}

TEST(TemplateTest, ValuesAreNoYaml) {
  EXPECT_EQ(yaml("a: {{.body}}\nb: [{{.body}}]", "x\ny: z"), "a: <x\ny: z>\nb: [<x\ny: z>]");
  EXPECT_EQ(yaml("a: |\n  {{.body}}\n  x", "one\ntwo"), "a: |\n  <one\ntwo>\n  x");
  EXPECT_EQ(yaml("a: '{{.body}}'\nb: \"{{.body}}\"", "'\"\\"), "a: '<'\"\\>'\nb: \"<'\"\\>\"");
  // An escaped value is one in double quotes only.
  EXPECT_EQ(yaml("a: \"{{.body | jsonEscape}}\"\nb: {{.body | jsonEscape}}", "x\n\"\\"),
            "a: \"<x\n\"\\>\"\nb: <x\\n\\\"\\\\>");
  EXPECT_EQ(yaml("a: \"{{printf `%s;` (.body | jsonEscape)}}\"", "\""), "a: \"<\";>\"");
  EXPECT_THAT(yaml("a: \"{{print (.body | jsonEscape) `\\d`}}\"", ""), HasSubstr("no escape"));
  EXPECT_THAT(yaml("a: \"\\{{.body}}\"", "x"), HasSubstr("behind a backslash"));
  // A value that looks like a mark is none, and text of the template is no mark.
  EXPECT_EQ(yaml("a: {{.body}}", mark_of(0, MarkEnd::stay)),
            "a: <" + mark_of(0, MarkEnd::stay) + ">");
  EXPECT_FALSE(find_mark(with_body(mark_of(0, MarkEnd::clip), "x")->text, 0));
  // What prints nothing has no mark.
  EXPECT_EQ(yaml("{{log `info` .body}}{{$x := .body}}a", "x"), "a");
}

TEST(TemplateTest, MarksKnowTheEndOfTheirScalar) {
  const auto end_of = [](std::string_view text) {
    const auto made = with_body(text, "x");
    return find_mark(made->text, 0)->scalar_end;
  };
  EXPECT_EQ(end_of("a: |\n  {{.body}}"), MarkEnd::clip);
  EXPECT_EQ(end_of("a:\n- b: >\n    x{{.body}}"), MarkEnd::clip);
  EXPECT_EQ(end_of("- |-\n  {{.body}}"), MarkEnd::strip);
  EXPECT_EQ(end_of("a: |2-\n  {{.body}}"), MarkEnd::strip);
  EXPECT_EQ(end_of("a: |+\n  {{.body}}"), MarkEnd::stay);
  EXPECT_EQ(end_of("a: {{.body}}"), MarkEnd::stay);
  EXPECT_EQ(end_of("a: |-\n  x\nb: \"{{.body}}\""), MarkEnd::stay);
}

TEST(TemplateTest, ValuesHaveTheFormThatAFunctionGaveThem) {
  const auto form_of = [](std::string_view pipe) {
    return with_body("a: {{$x := `t`}}{{" + std::string(pipe) + "}}", "x")->values.at(0).form;
  };
  for (const char* pipe : {".body | toJson", "list 1 | toRawJson", ".body | quote",
                           "printf `%q` .body", "or nil (.body | toJson)"})
    EXPECT_EQ(form_of(pipe), TextForm::json) << pipe;
  for (const char* pipe : {".body", "`{}`", "1", "list 1", "print (.body | toJson)", "$x"})
    EXPECT_EQ(form_of(pipe), TextForm::plain) << pipe;
  EXPECT_EQ(form_of(".body | squote"), TextForm::single_quoted);
}

TEST(TemplateTest, YamlIsBounded) {
  // Values do not count for it, but for the output.
  EXPECT_TRUE(with_body("a: {{.body}}", std::string(600'000, 'x')));
  EXPECT_EQ(with_body("a: {{.body}}", std::string((4 << 20) + 1, 'x')).error().kind,
            ErrorKind::too_large);
  const std::string kilobyte(1000, 'x');
  const auto times = [&](const std::string& begin, int count) {
    return with_body(begin + "{{range " + std::to_string(count) + "}}  " + kilobyte + "\n{{end}}",
                     "");
  };
  EXPECT_TRUE(times("", 50));
  EXPECT_EQ(times("", 100).error().kind, ErrorKind::too_large);
  EXPECT_TRUE(times("a: |\n", 500)) << "a block scalar";
  EXPECT_EQ(times("a: |\n", 600).error().kind, ErrorKind::too_large);
}

// The skeleton with `<>` in the place of each value; "none".
std::string skeleton(std::string_view text) {
  config::Faults faults;
  const auto made = Template::parse(text, {}, "template", faults);
  if (made->skeleton() == nullptr) return "none";
  Rendered rendered{*made->skeleton(), {}};
  rendered.values.resize(100);
  return shown(rendered);
}

TEST(TemplateTest, TheSkeletonHasWhatNoDataDecide) {
  for (const auto& [text, expected] : {
           std::pair("a: {{.x}}\nb: '{{.y}}'", "a: <>\nb: '<>'"),
           std::pair("{{$x := 1}}{{log `info` .y}}a: {{$x}}", "a: <>"),
           std::pair("{{$x := 1}}\n{{if .y}}\n{{$x = 2}}\n{{end}}\na: {{$x}}", "\n\na: <>"),
           std::pair("a: {{range .l}}{{$x := .}}{{end}}{{.y}}", "a: <>"),
           std::pair("a: {{if .x}}yes it is{{else}}{{.y}}{{end}}", "a: <>"),
           std::pair("a: |\n  [{{range .l}}{{.}}: # - \"{{end}}]", "a: |\n  [<>]"),
           std::pair("a: \"{{if .x}}it's{{end}}\"", "a: \"<>\""),
           std::pair("a: '{{if .x}}\"{{end}}'", "a: '<>'"),
           // Keys, lines and signs of YAML may come from data.
           std::pair("{{if .x}}a: 1{{end}}", "none"),
           std::pair("{{range .l}}- {{.}}\n{{end}}", "none"),
           std::pair("a: {{if .x}}null{{else}}b{{end}}", "none"),
           std::pair("a: {{if .x}}{{else}}-{{end}}", "none"),
           std::pair("a: |\n  {{if .x}}\n  b\n{{end}}", "none"),
           std::pair("a: '{{if .x}}'{{end}}'", "none"),
           std::pair("a: \"{{if .x}}\\{{end}}\"", "none"),
           std::pair("a: \"\\{{.x}}\"", "none"),
           std::pair("a: {{if .x}}\n{{end}}b", "none"),
       }) {
    EXPECT_EQ(skeleton(text), expected) << text;
  }
}

TEST(TemplateTest, TheValuesOfASkeletonAreThoseOfTheYaml) {
  for (const std::string_view text :
       {"a: {{.body}}\nb: |\n  <{{.body | toJson}}>", "a: \"{{.body | jsonEscape}}\"",
        "{{$x := .body}}{{log `info` `y`}}a: {{if $x}}{{$x | quote}}{{else}}n{{end}}"}) {
    const auto made = with_body(text, "x\"\ny", OutputForm::values);
    const auto whole = with_body(text, "x\"\ny");
    ASSERT_TRUE(made && whole) << text;
    EXPECT_EQ(made->text, "");
    ASSERT_EQ(made->values.size(), whole->values.size()) << text;
    for (std::size_t i = 0; i < made->values.size(); ++i) {
      EXPECT_EQ(made->values[i].text, whole->values[i].text) << text;
      EXPECT_EQ(made->values[i].form, whole->values[i].form) << text;
    }
  }
  // Several parts make one text.
  const auto parts =
      with_body("a: {{if .body}}x {{.body | toJson}}{{end}}", "y", OutputForm::values);
  EXPECT_EQ(parts->values.at(0).text, "x \"y\"");
  EXPECT_EQ(parts->values.at(0).form, TextForm::plain);
}

struct Lines final : Host {
  void log(std::string_view level, std::string_view text) override {
    lines.push_back(std::string(level) + " " + std::string(text));
  }
  std::vector<std::string> lines;
};

TEST(TemplateTest, LogGoesToTheHost) {
  Lines lines;
  EXPECT_EQ(*rendered("{{log \"warn\" .name}}x", {.host = &lines}), "x");
  EXPECT_THAT(lines.lines, ElementsAre("warn Ada"));
}

TEST(TemplateTest, FindsValuesThatAreNotEscaped) {
  const auto lines = [](std::string_view text) {
    config::Faults faults;
    return Template::parse(text, {}, "t", faults)->bare_lines();
  };
  EXPECT_THAT(lines("body: |\n  {\"a\": \"{{.a}}\",\n   \"b\": \"x {{.b | upper}}\"}"),
              ElementsAre(2, 3));
  EXPECT_THAT(lines("body: |\n  {\"a\": \"{{.a | jsonEscape}}\", \"b\": {{.b}}}"), ElementsAre());
  EXPECT_THAT(lines("body: \"{{.a}}\""), ElementsAre()) << "escaped there";
  EXPECT_THAT(lines("body: |\n  \"{{range .l}}{{.}}{{end}}{{$x := 1}}{{\"y\"}}\""), ElementsAre(2));
}

TEST(TemplateTest, KnowsWhatItReads) {
  const auto may_read = [](std::string_view text, std::string_view group,
                           std::string_view element) {
    config::Faults faults;
    return Template::parse(text, {}, "t", faults)->may_read(group, element, "Body");
  };
  EXPECT_TRUE(may_read("{{.responses.a.Body}}", "responses", "a"));
  EXPECT_FALSE(may_read("{{.responses.a.Body}}", "responses", "b"));
  EXPECT_FALSE(may_read("{{.responses.a.Body}}", "requests", "a"));
  EXPECT_FALSE(may_read("{{.responses.a.StatusCode}}", "responses", "a"));
  EXPECT_TRUE(may_read("{{.req.Body}}", "req", ""));
  EXPECT_TRUE(may_read("{{range .responses}}{{.Body}}{{end}}", "responses", "a"));
  EXPECT_FALSE(may_read("{{range .responses}}{{.Body}}{{end}}", "requests", "a"));
  EXPECT_TRUE(may_read("{{$r := .responses.a}}{{$r.Body}}", "responses", "a"));
  EXPECT_TRUE(may_read("{{index .responses.a \"Body\"}}", "responses", "a"));
  EXPECT_FALSE(may_read("{{range .responses}}{{.StatusCode}}{{end}}", "responses", "a"));
  EXPECT_TRUE(may_read("{{with $.responses.a}}{{.Body}}{{end}}", "responses", "a"));
}

}  // namespace
}  // namespace sluice::templates
