// SPDX-License-Identifier: Apache-2.0
// Requests and responses as templates read them: docs/templates.md. Core-bound; a view is used for
// one rendering, during which the message does not change. A view makes each member once: reading
// it again costs a step, whatever the member took to make.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "templates/datum.h"

namespace sluice::filters {

// Above this, YAMLBody is refused: YAML takes a hundred times the time of JSON.
inline constexpr std::size_t kYamlBodyBytesMax = std::size_t{64} * 1024;

// The members of the views below.
inline constexpr std::array<std::string_view, 15> kRequestFields = {
    "Body",  "ContentLength", "Cookies", "Header",     "Host",       "JSONBody", "Method",  "Proto",
    "Query", "RawBody",       "RealIP",  "RemoteAddr", "RequestURI", "URL",      "YAMLBody"};
inline constexpr std::array<std::string_view, 8> kResponseFields = {
    "Body", "ContentLength", "Header", "JSONBody", "RawBody", "Status", "StatusCode", "YAMLBody"};
inline constexpr std::array<std::string_view, 6> kUrlFields = {"Fragment", "Host",     "Path",
                                                               "RawPath",  "RawQuery", "Scheme"};

// A datum that is made at the first read.
class OnceMade {
 public:
  template <class Make>
  const templates::Datum& get(const Make& make) const {
    if (!datum_) datum_ = make();
    return *datum_;
  }

 private:
  mutable std::optional<templates::Datum> datum_;
};

// Body, RawBody, JSONBody, YAMLBody and ContentLength.
class BodyView {
 public:
  // Requires: `body` outlives this.
  explicit BodyView(const http::Body& body) : body_(body) {}
  // Returns nullopt for another name. Errors: `invalid` for a body that is a stream, or not of the
  // form.
  [[nodiscard]] std::optional<Result<templates::Datum>> member(std::string_view name) const;

 private:
  [[nodiscard]] Result<templates::Datum> json() const;
  [[nodiscard]] Result<templates::Datum> yaml() const;

  const http::Body& body_;
  mutable std::shared_ptr<const Json> json_;
  mutable std::shared_ptr<const Json> yaml_;
};

class RequestView final : public templates::Object {
 public:
  // Requires: all outlive this.
  RequestView(const http::Request& request, std::string_view peer, std::string_view real_ip)
      : request_(request), peer_(peer), real_ip_(real_ip), body_(request.body) {}
  [[nodiscard]] Result<templates::Datum> member(std::string_view name) const override;
  void each(const Visit& visit) const override;
  [[nodiscard]] std::string text() const override;
  [[nodiscard]] std::size_t weight() const override;

 private:
  const http::Request& request_;
  std::string_view peer_;
  std::string_view real_ip_;
  BodyView body_;
  OnceMade headers_;
  OnceMade query_;
  OnceMade cookies_;
  OnceMade target_;
};

class ResponseView final : public templates::Object {
 public:
  // Requires: `response` outlives this.
  explicit ResponseView(const http::Response& response)
      : response_(response), body_(response.body) {}
  [[nodiscard]] Result<templates::Datum> member(std::string_view name) const override;
  void each(const Visit& visit) const override;
  [[nodiscard]] std::string text() const override;

 private:
  const http::Response& response_;
  BodyView body_;
  OnceMade headers_;
};

}  // namespace sluice::filters
