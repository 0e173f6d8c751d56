// SPDX-License-Identifier: Apache-2.0
// Requests and responses as templates read them: docs/templates.md. Core-bound; a view is used for
// one rendering, during which the message does not change.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "templates/datum.h"

namespace sluice::filters {

// Above this, YAMLBody is refused: YAML takes a hundred times the time of JSON.
inline constexpr std::size_t kYamlBodyBytesMax = std::size_t{64} * 1024;

// Header fields: a list of all values for each name, whatever its case.
[[nodiscard]] templates::Datum headers_datum(const http::Headers& headers);

// Body, RawBody, JSONBody, YAMLBody and ContentLength; JSON is parsed once.
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
};

class RequestView final : public templates::Object {
 public:
  // Requires: all outlive this.
  RequestView(const http::Request& request, std::string_view peer, std::string_view real_ip)
      : request_(request), peer_(peer), real_ip_(real_ip), body_(request.body) {}
  [[nodiscard]] Result<templates::Datum> member(std::string_view name) const override;
  void each(const Visit& visit) const override;
  [[nodiscard]] std::string text() const override;

 private:
  const http::Request& request_;
  std::string_view peer_;
  std::string_view real_ip_;
  BodyView body_;
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
};

}  // namespace sluice::filters
