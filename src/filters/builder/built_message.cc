// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/built_message.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.h"
#include "filters/builder/multipart.h"
#include "filters/header_rules.h"
#include "http/field_kind.h"
#include "http/path.h"
#include "templates/parse_json.h"

namespace sluice::filters {
namespace {

using config::Value;
using Fields = std::map<std::string, config::UndecodedValue>;

struct FormFieldOutput {
  config::UndecodedValue value;
  std::string file_name;
  void fields(auto& visit) {
    visit("value", value);
    visit("fileName", file_name);
  }
};

struct RequestOutput {
  std::string method = "GET";
  std::string url = "/";
  Fields headers;
  config::UndecodedValue body;
  std::map<std::string, FormFieldOutput> form_data;
  void fields(auto& visit) {
    visit("method", method);
    visit("url", url);
    visit("headers", headers);
    visit("body", body);
    visit("formData", form_data);
  }
};

struct ResponseOutput {
  // As the template wrote it: YAML would also read 0x1F4 and +200 as numbers.
  std::string status_code = "200";
  Fields headers;
  config::UndecodedValue body;
  void fields(auto& visit) {
    visit("statusCode", status_code);
    visit("headers", headers);
    visit("body", body);
  }
};

std::vector<std::string> values_of(const Value& value) {
  std::vector<std::string> values;
  if (value.kind == Value::Kind::sequence) {
    for (const Value& item : value.items) values.push_back(output_text(item));
  } else if (value.kind != Value::Kind::null) {
    values.push_back(output_text(value));
  }
  return values;
}

std::string upper_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return is_lower(c) ? static_cast<char>(c - 0x20) : c; });
  return text;
}

// A backend gets no fragment. So a '#' is part of a value that was inserted, and must not hide the
// rest of the template's URL. RFC 3986 allows the other ones nowhere in a URL.
bool has_to_be_escaped(char c) {
  return static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view(" \"#<>\\^`{|}").find(c) != std::string_view::npos;
}

// A host stays as it is: it has no escapes.
std::string with_escapes(std::string_view url) {
  std::size_t at = 0;
  if (!url.starts_with('/')) {
    const std::size_t colon = url.find("://");
    if (colon != std::string_view::npos)
      at = std::min(url.find_first_of("/?#", colon + 3), url.size());
  }
  std::string text(url.substr(0, at));
  for (const char c : url.substr(at)) {
    if (has_to_be_escaped(c)) {
      append_percent_encoded(text, c);
    } else {
      text += c;
    }
  }
  return text;
}

// Dot segments would let a value of the URL choose another path than the template's.
void set_url(std::string_view url, http::Request& request, config::Faults& faults) {
  const std::string target = with_escapes(url);
  if (target == "*" || !request.set_target(target)) {
    faults.add("url", config::quote(url) + " is no URL: write /path, or http://host/path");
    return;
  }
  std::string path = request.escaped_path;
  if (http::normalize_path(path).had_dots) faults.add("url", "has dot segments (/../) in its path");
}

void set_form(const std::map<std::string, FormFieldOutput>& fields, http::Request& request,
              config::Faults& faults) {
  std::vector<FormPart> parts;
  for (const auto& [name, field] : fields)
    parts.push_back({name, output_text(field.value.value), field.file_name});
  auto form = encode_form(parts);
  if (!form) return faults.add("formData", form.error().message);
  request.headers.set("Content-Type", form->content_type);
  request.body.assign(std::move(form->bytes));
}

// nullopt: not three decimal digits, or no status of a response that ends an exchange.
std::optional<int> status_of(std::string_view text) {
  constexpr std::size_t kDigits = 3;
  const auto status = text.size() == kDigits ? to_number<int>(text) : std::nullopt;
  return status && *status >= 200 && *status <= 599 ? status : std::nullopt;
}

Result<void> to_result(const config::Faults& faults) {
  if (faults.empty()) return {};
  return std::unexpected(faults.to_error());
}

}  // namespace

std::string output_text(const Value& value) {
  if (value.kind == Value::Kind::scalar) return value.scalar;
  if (value.kind == Value::Kind::null) return {};
  return templates::json_text(config::Encoder::of(value));
}

Result<Value> parse_output(MadeYaml yaml, Described described) {
  SLUICE_TRY(Value value, fill_yaml(std::move(yaml), described));
  if (value.kind == Value::Kind::null) value.kind = Value::Kind::map;
  if (value.kind != Value::Kind::map) return fail(ErrorKind::invalid, "the output is no map");
  return value;
}

OutputHeaders OutputHeaders::of(const Fields& fields, const std::string& path,
                                config::Faults& faults) {
  OutputHeaders out;
  for (const auto& [name, value] : fields) {
    std::vector<std::string> values = values_of(value.value);
    const std::string where = config::join_path(path, name);
    if (const auto reason = header_fault(name)) faults.add(where, *reason);
    for (const std::string& text : values) {
      const auto reason = made_header_fault(name, text);
      if (reason && !header_fault(name)) faults.add(where, *reason);
    }
    if (http::field_kind(name) != http::FieldKind::content_length)
      out.fields_.emplace_back(name, std::move(values));
  }
  return out;
}

void OutputHeaders::set(http::Headers& headers, std::string* host) const {
  for (const auto& [name, values] : fields_) headers.remove(name);
  add(headers, host);
}

void OutputHeaders::add(http::Headers& headers, std::string* host) const {
  for (const auto& [name, values] : fields_) {
    const bool names_host = http::field_kind(name) == http::FieldKind::host;
    for (const std::string& value : values) {
      if (!names_host) {
        headers.add(name, value);
      } else if (host != nullptr) {
        *host = value;
      }
    }
  }
}

Result<void> build_request(MadeYaml yaml, http::Request& request) {
  SLUICE_TRY(const Value value, parse_output(std::move(yaml), Described::message));
  config::Faults faults;
  const auto output = config::decode<RequestOutput>(value, "", faults);
  if (!faults.empty()) return to_result(faults);
  request.method = output.method.empty() ? "GET" : upper_case(output.method);
  if (!http::is_token(request.method))
    faults.add("method", config::quote(output.method) + " is no method");
  set_url(output.url.empty() ? std::string_view("/") : output.url, request, faults);
  OutputHeaders::of(output.headers, "headers", faults).set(request.headers, &request.host);
  const bool has_body = output.body.value.kind != Value::Kind::null;
  if (has_body && !output.form_data.empty()) faults.add("body", "stands beside formData");
  if (has_body) request.body.assign(output_text(output.body.value));
  if (!output.form_data.empty()) set_form(output.form_data, request, faults);
  return to_result(faults);
}

Result<void> build_response(MadeYaml yaml, http::Response& response) {
  SLUICE_TRY(const Value value, parse_output(std::move(yaml), Described::message));
  config::Faults faults;
  const auto output = config::decode<ResponseOutput>(value, "", faults);
  if (!faults.empty()) return to_result(faults);
  const auto status = status_of(output.status_code);
  if (!status)
    faults.add("statusCode",
               config::quote(output.status_code) + " is not a number from 200 to 599");
  response.status = status.value_or(response.status);
  OutputHeaders::of(output.headers, "headers", faults).set(response.headers, nullptr);
  response.body.assign(output_text(output.body.value));
  return to_result(faults);
}

}  // namespace sluice::filters
