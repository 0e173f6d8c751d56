// SPDX-License-Identifier: Apache-2.0
// The files that `egctl wasm run` and `egctl wasm test` take.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/fields.h"
#include "http/message.h"

namespace sluice::egctl {

// One request, as a client sends it.
struct RequestSpec {
  std::string method = "GET";
  std::string url = "/";
  std::map<std::string, config::UndecodedValue> headers;  // each a text, or a list of texts
  std::string body;
  std::string address = "127.0.0.1";
  // No field of a file: of the command line. They stand in place of those of their name in
  // `headers`.
  std::vector<std::pair<std::string, std::string>> given_fields;

  void fields(auto& visit) {
    visit("method", method, {.doc = "GET, POST, …"});
    visit("url", url, {.doc = "a path with its query, or http://HOST/PATH"});
    visit("headers", headers, {.doc = "the fields by name, each a text or a list of texts"});
    visit("body", body, {.doc = "the body"});
    visit("address", address, {.doc = "the client's address"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  // Requires: validate() found no fault. `request` is fresh.
  void write_to(http::Request& request) const;
};

// The request as the program has left it. A field that is absent is not checked.
struct RequestExpectation {
  std::optional<std::string> method;
  std::optional<std::string> url;
  std::map<std::string, std::string> headers;
  std::optional<std::string> body;

  void fields(auto& visit) {
    visit("method", method, {.doc = "its method"});
    visit("url", url, {.doc = "its path with the query"});
    visit("headers", headers, {.doc = "its fields, Host among them"});
    visit("body", body, {.doc = "its whole body"});
  }
  [[nodiscard]] bool is_empty() const { return !method && !url && headers.empty() && !body; }
};

// Returns the changes from the request `sent` to `now`: "method: GET -> PUT", "+ X-User: ann".
[[nodiscard]] std::vector<std::string> request_changes(const RequestSpec& sent,
                                                       const http::Request& now);

// The facts that a run must show. A field that is absent is not checked.
struct Expectation {
  std::optional<std::string> result;
  std::vector<std::string> results;
  std::optional<int> status;
  std::optional<std::string> body;
  std::string body_contains;
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string> data;
  std::vector<std::string> absent;
  std::string tag;
  RequestExpectation request;

  void fields(auto& visit) {
    visit("result", result, {.doc = "the result; \"\": the flow goes on"});
    visit("results", results, {.doc = "one of these results, of a rule that throws dice"});
    visit("request", request, {.doc = "the request behind the program"});
    visit("status", status, {.min = 100, .max = 599, .doc = "status of the response"});
    visit("body", body, {.doc = "the whole body of the response"});
    visit("bodyContains", body_contains, {.doc = "a part of the body of the response"});
    visit("headers", headers, {.doc = "fields of the response"});
    visit("data", data, {.doc = "keys of the shared data and their values, after the run"});
    visit("absent", absent, {.doc = "keys that the shared data does not have after the run"});
    visit("tag", tag, {.doc = "a part of a tag of the access log"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  // True if every run that ends well meets it.
  [[nodiscard]] bool is_empty() const;
};

struct Given {
  std::map<std::string, std::string> data;
  std::map<std::string, std::string> parameters;
  void fields(auto& visit) {
    visit("data", data, {.doc = "the shared data before the first request"});
    visit("parameters", parameters, {.doc = "in place of those of the file"});
  }
};

struct Step {
  RequestSpec when;
  Expectation then;
  void fields(auto& visit) {
    visit("when", when, {.required = true, .doc = "the request"});
    visit("then", then, {.required = true, .doc = "what is expected"});
  }
};

struct Case {
  std::string name;
  Given given;
  std::optional<RequestSpec> when;
  std::optional<Expectation> then;
  std::vector<Step> steps;
  void fields(auto& visit) {
    visit("name", name, {.required = true, .min = 1, .doc = "one line, unique in the file"});
    visit("given", given, {.doc = "what is there before"});
    visit("when", when, {.doc = "the request"});
    visit("then", then, {.doc = "what is expected"});
    visit("steps", steps, {.doc = "several requests, each with `when` and `then`"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  // Requires: validate() found no fault.
  [[nodiscard]] std::vector<Step> all_steps() const;
};

struct CaseFile {
  std::map<std::string, std::string> parameters;
  Duration timeout = std::chrono::seconds(1);
  std::vector<Case> cases;
  void fields(auto& visit) {
    visit("parameters", parameters, {.doc = "for wasm_init, in all cases"});
    visit("timeout", timeout, {.min = 1'000'000, .doc = "most time of a run"});
    visit("cases", cases, {.required = true, .min = 1, .doc = "the cases, in their order"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

// Parses a file of one document. Errors name the file.
[[nodiscard]] inline Result<config::Value> parse_named(const std::string& text,
                                                       const std::string& name) {
  auto document = config::parse_document(text);
  if (!document) document.error().message = name + ": " + document.error().message;
  return document;
}

// Reads a file of one document. Errors name the file and the path of each field that is wrong.
template <class T>
[[nodiscard]] Result<T> read_spec(const std::string& text, const std::string& name) {
  SLUICE_TRY(const config::Value document, parse_named(text, name));
  config::Faults faults;
  T spec = config::decode<T>(document, "", faults);
  if (faults.empty()) return spec;
  return fail(ErrorKind::invalid, name + " is not right", faults.lines());
}

}  // namespace sluice::egctl
