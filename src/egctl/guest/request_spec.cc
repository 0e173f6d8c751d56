// SPDX-License-Identifier: Apache-2.0
#include "egctl/guest/request_spec.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "filters/wasm_host/results.h"

namespace sluice::egctl {
namespace {

constexpr std::string_view kHost = "host";

// "" too: the flow goes on.
void check_result_word(const std::string& word, const std::string& path, config::Faults& faults) {
  const auto& known = filters::kWasmHostResults;
  if (word.empty() || std::ranges::find(known, word) != known.end()) return;
  // 2 stands for wasmResult2 to those who write programs.
  const bool digit = word.size() == 1 && word[0] >= '1' && word[0] <= '9';
  faults.add(path, config::quote(word) + " is no result: \"\" or wasmResult1 to wasmResult9, " +
                       "wasmError, outOfVM, limitReached" +
                       (digit ? ", did you mean \"wasmResult" + word + "\"?"
                              : config::suggestion(word, {known.begin(), known.end()})));
}

void add_difference(const char* what, const std::string& before, const std::string& after,
                    std::vector<std::string>& lines) {
  if (before != after) lines.push_back(std::string(what) + ": " + before + " -> " + after);
}

// The fields of `ones` that are not in `others`, each as often as it stands there more often.
void add_missing(char sign, const http::Headers& ones, const http::Headers& others,
                 std::vector<std::string>& lines) {
  std::multiset<std::pair<std::string, std::string>> known;
  for (const http::Field& field : others) known.emplace(lower_case(field.name), field.value);
  for (const http::Field& field : ones) {
    const auto found = known.find({lower_case(field.name), std::string(field.value)});
    if (found != known.end()) {
      known.erase(found);
    } else {
      lines.push_back(std::string(1, sign) + " " + std::string(field.name) + ": " +
                      std::string(field.value));
    }
  }
}

using FieldTexts = std::vector<std::pair<std::string, std::string>>;

bool is_text(const config::Value& value) {
  return value.kind == config::Value::Kind::scalar || value.kind == config::Value::Kind::null;
}

bool is_texts(const config::Value& value) {
  return is_text(value) ||
         (value.kind == config::Value::Kind::sequence && std::ranges::all_of(value.items, is_text));
}

// Each field as often as the client sends it.
FieldTexts field_texts(const RequestSpec& spec) {
  FieldTexts texts;
  for (const auto& [name, given] : spec.headers) {
    const auto same = [&](const auto& field) { return http::iequals(field.first, name); };
    if (std::ranges::any_of(spec.given_fields, same)) continue;
    if (is_text(given.value)) texts.emplace_back(name, given.value.scalar);
    for (const config::Value& item : given.value.items) texts.emplace_back(name, item.scalar);
  }
  texts.insert(texts.end(), spec.given_fields.begin(), spec.given_fields.end());
  return texts;
}

bool is_target(const std::string& url) {
  http::Request scratch;
  return scratch.set_target(url);
}

}  // namespace

void RequestSpec::validate(const std::string& path, config::Faults& faults) const {
  if (!http::is_token(method))
    faults.add(config::join_path(path, "method"), config::quote(method) + " is no method");
  if (!is_target(url)) {
    faults.add(config::join_path(path, "url"),
               config::quote(url) + " is no path that begins with /, and no http:// URL");
  }
  const std::string fields = config::join_path(path, "headers");
  for (const auto& [name, given] : headers) {
    if (!is_texts(given.value))
      return faults.add(config::join_path(fields, name), "must be text, or a list of texts");
  }
  for (const auto& [name, value] : field_texts(*this)) {
    if (!http::is_token(name)) faults.add(config::join_path(fields, name), "is no name of a field");
    if (!http::is_field_value(value))
      faults.add(config::join_path(fields, name), config::quote(value) + " is no value of a field");
  }
}

void RequestSpec::write_to(http::Request& request) const {
  request.method = method;
  request.scheme = "http";
  request.host = "localhost";
  (void)request.set_target(url);
  for (const auto& [name, value] : field_texts(*this)) {
    if (http::iequals(name, kHost)) {
      request.host = value;
    } else {
      request.headers.add(name, value);
    }
  }
  if (!body.empty()) request.body.assign(body);
}

std::vector<std::string> request_changes(const RequestSpec& sent, const http::Request& now) {
  http::Request before;
  sent.write_to(before);
  std::vector<std::string> lines;
  add_difference("method", before.method, now.method, lines);
  add_difference("host", before.host, now.host, lines);
  add_difference("url", before.target(), now.target(), lines);
  add_missing('-', before.headers, now.headers, lines);
  add_missing('+', now.headers, before.headers, lines);
  if (before.body.bytes() != now.body.bytes())
    lines.push_back("body: " + std::string(now.body.bytes()));
  return lines;
}

void Expectation::validate(const std::string& path, config::Faults& faults) const {
  if (result) check_result_word(*result, config::join_path(path, "result"), faults);
  for (std::size_t i = 0; i < results.size(); ++i) {
    check_result_word(results[i],
                      config::join_path(path, "results") + "[" + std::to_string(i) + "]", faults);
  }
}

bool Expectation::is_empty() const {
  return !result && results.empty() && request.is_empty() && !status && !body &&
         body_contains.empty() && headers.empty() && data.empty() && absent.empty() && tag.empty();
}

void Case::validate(const std::string& path, config::Faults& faults) const {
  const bool single = when || then;
  if (single && !steps.empty())
    return faults.add(config::join_path(path, "steps"), "stands for when and then: give one form");
  if (!single && steps.empty())
    return faults.add(config::join_path(path, "when"), "is required, or steps");
  if (single && !when) faults.add(config::join_path(path, "when"), "is required");
  if (single && !then) faults.add(config::join_path(path, "then"), "is required");
  const auto expects = [](const Step& step) { return !step.then.is_empty(); };
  if ((!single || (when && then)) && std::ranges::none_of(all_steps(), expects)) {
    faults.add(config::join_path(path, single ? "then" : "steps"),
               "expects nothing, so the case could not fail: give result, status or another fact");
  }
}

std::vector<Step> Case::all_steps() const {
  return when && then ? std::vector{Step{*when, *then}} : steps;
}

void CaseFile::validate(const std::string& path, config::Faults& faults) const {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (names.insert(cases[i].name).second) continue;
    faults.add(config::join_path(path, "cases") + "[" + std::to_string(i) + "].name",
               config::quote(cases[i].name) + " is the name of an earlier case");
  }
}

}  // namespace sluice::egctl
