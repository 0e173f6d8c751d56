// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/message_view.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/encoder.h"
#include "config/faults.h"
#include "config/value.h"
#include "http/cookie.h"
#include "http/reason_phrase.h"
#include "templates/parse_json.h"

namespace sluice::filters {
namespace {

using templates::Datum;
using templates::Object;

Datum list_of_values(Json values) { return Datum(std::make_shared<const Json>(std::move(values))); }

std::size_t bytes_of(const http::Headers& headers) {
  std::size_t bytes = 0;
  for (const http::Field& field : headers) bytes += field.name.size() + field.value.size();
  return bytes;
}

// A list of all values for each name, whatever its case.
class HeadersView final : public Object {
 public:
  explicit HeadersView(const http::Headers& headers) : bytes_(bytes_of(headers)) {
    Json all = Json::object();
    for (const http::Field& field : headers)
      all[http::canonical_name(field.name)].push_back(field.value);
    all_ = std::make_shared<const Json>(std::move(all));
  }
  Result<Datum> member(std::string_view name) const override {
    const auto found = all_->find(http::canonical_name(name));
    return found == all_->end() ? Datum() : Datum(Datum::Node(all_, &*found));
  }
  void each(const Visit& visit) const override {
    for (const auto& [name, values] : all_->items()) {
      if (!visit(name, Datum(Datum::Node(all_, &values)))) return;
    }
  }
  std::size_t length() const override { return all_->size(); }
  std::string text() const override { return Datum(all_).text(); }
  bool empty() const override { return all_->empty(); }
  std::size_t weight() const override { return bytes_; }

 private:
  std::size_t bytes_;
  Datum::Node all_;
};

Datum headers_datum(const http::Headers& headers) {
  return Datum(std::make_shared<const HeadersView>(headers));
}

class UrlView final : public Object {
 public:
  explicit UrlView(const http::Request& request) : request_(request) {}
  Result<Datum> member(std::string_view name) const override {
    if (name == "Scheme") return Datum::borrowed_text(request_.scheme);
    if (name == "Host") return Datum::borrowed_text(request_.host);
    if (name == "Path") return Datum::borrowed_text(request_.path);
    if (name == "RawPath") return Datum::borrowed_text(request_.escaped_path);
    if (name == "RawQuery") return Datum::borrowed_text(request_.query);
    if (name == "Fragment") return Datum::borrowed_text(request_.fragment);
    return fail(ErrorKind::invalid, "a URL has no " + config::quote(name) +
                                        ": it has Scheme, Host, Path, RawPath and RawQuery");
  }
  void each(const Visit& visit) const override {
    for (const std::string_view name : {"Host", "Path", "RawQuery", "Scheme"}) {
      if (!visit(name, *member(name))) return;
    }
  }
  // As the client has sent it: without scheme and host.
  std::string text() const override { return request_.target(); }
  std::size_t weight() const override {
    return request_.escaped_path.size() + request_.query.size();
  }

 private:
  const http::Request& request_;
};

std::string decoded_parameter(std::string_view text) {
  std::string spaced(text);
  for (char& c : spaced) c = c == '+' ? ' ' : c;
  std::string out;
  return http::percent_decode(spaced, out) ? out : "";
}

// Parameter -> all of its values, decoded.
Datum query_datum(std::string_view query) {
  Json out = Json::object();
  while (!query.empty()) {
    std::string_view pair = take_until(query, '&');
    const std::string_view name = take_until(pair, '=');
    if (!name.empty()) out[decoded_parameter(name)].push_back(decoded_parameter(pair));
  }
  return list_of_values(std::move(out));
}

// Cookie -> all of its values.
Datum cookies_datum(const http::Headers& headers) {
  Json out = Json::object();
  for (const http::Field& field : headers) {
    if (!http::iequals(field.name, "Cookie")) continue;
    for (const http::CookiePair& cookie : http::parse_cookies(field.value))
      out[std::string(cookie.name)].push_back(cookie.value);
  }
  return list_of_values(std::move(out));
}

// Of a request as a whole: those that cost nothing to make.
constexpr std::array<std::string_view, 8> kCheapFields = {
    "ContentLength", "Host", "Method", "Proto", "RealIP", "RemoteAddr", "RequestURI", "URL"};

Result<Datum> no_field(std::string_view of, std::string_view name) {
  return fail(ErrorKind::invalid, std::string(of) + " has no field " + config::quote(name) +
                                      " (docs/templates.md lists them)");
}

}  // namespace

std::optional<Result<Datum>> BodyView::member(std::string_view name) const {
  if (name == "ContentLength") {
    const auto length = body_.length();
    return Datum(length ? static_cast<std::int64_t>(*length) : std::int64_t{-1});
  }
  const bool text = name == "Body" || name == "RawBody";
  if (!text && name != "JSONBody" && name != "YAMLBody") return std::nullopt;
  if (body_.is_stream())
    return fail(ErrorKind::invalid, "the body is a stream, which cannot be read here");
  if (text) return Datum::borrowed_text(body_.bytes());
  return name == "JSONBody" ? json() : yaml();
}

Result<Datum> BodyView::json() const {
  if (body_.bytes().empty()) return Datum();
  if (json_ == nullptr) {
    auto json = templates::parse_json(body_.bytes());
    if (!json) return fail(json.error().kind, "JSONBody: " + json.error().message);
    json_ = *std::move(json);
  }
  return Datum(json_);
}

Result<Datum> BodyView::yaml() const {
  const config::ParseLimits limits{.bytes_max = kYamlBodyBytesMax};
  if (body_.bytes().empty()) return Datum();
  if (yaml_ == nullptr) {
    const auto value = config::parse_document(body_.bytes(), limits);
    if (!value) return fail(value.error().kind, "YAMLBody: the body is not YAML, or too long");
    yaml_ = std::make_shared<const Json>(config::Encoder::of(*value));
  }
  return Datum(yaml_);
}

Result<Datum> RequestView::member(std::string_view name) const {
  if (name == "Method") return Datum::borrowed_text(request_.method);
  if (name == "URL") return Datum(std::make_shared<const UrlView>(request_));
  if (name == "Host") return Datum::borrowed_text(request_.host);
  if (name == "RemoteAddr") return Datum::borrowed_text(peer_);
  if (name == "RealIP") return Datum::borrowed_text(real_ip_);
  if (name == "RequestURI") return target_.get([&] { return Datum(request_.target()); });
  if (name == "Proto") return Datum::borrowed_text(http::to_string(request_.version));
  if (name == "Header") return headers_.get([&] { return headers_datum(request_.headers); });
  if (name == "Query") return query_.get([&] { return query_datum(request_.query); });
  if (name == "Cookies") return cookies_.get([&] { return cookies_datum(request_.headers); });
  if (auto body = body_.member(name)) return *std::move(body);
  return no_field("a request", name);
}

void RequestView::each(const Visit& visit) const {
  for (const std::string_view name : kCheapFields) {
    if (!visit(name, *member(name))) return;
  }
}

std::string RequestView::text() const { return request_.method + " " + request_.target(); }

// What `username` reads, too.
std::size_t RequestView::weight() const {
  return request_.escaped_path.size() + request_.query.size() + bytes_of(request_.headers);
}

Result<Datum> ResponseView::member(std::string_view name) const {
  if (name == "StatusCode") return Datum(std::int64_t{response_.status});
  if (name == "Status") return Datum(text());
  if (name == "Header") return headers_.get([&] { return headers_datum(response_.headers); });
  if (auto body = body_.member(name)) return *std::move(body);
  return no_field("a response", name);
}

void ResponseView::each(const Visit& visit) const {
  for (const std::string_view name : {"ContentLength", "Status", "StatusCode"}) {
    if (!visit(name, *member(name))) return;
  }
}

std::string ResponseView::text() const {
  return std::to_string(response_.status) + " " +
         std::string(http::reason_phrase(response_.status));
}

}  // namespace sluice::filters
