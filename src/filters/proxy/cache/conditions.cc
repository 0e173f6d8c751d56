// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/conditions.h"

#include <algorithm>
#include <array>

#include "http/conditional.h"

namespace sluice::filters {
namespace {

bool is_one_of(std::string_view name, const auto& names) {
  return std::ranges::any_of(names, [&](auto each) { return http::iequals(each, name); });
}

// The fields that describe the bytes of the body, which a 304 does not carry.
constexpr std::array<std::string_view, 3> kAbsentIn304 = {"Content-Length", "Content-Encoding",
                                                          "Content-Range"};

}  // namespace

bool not_modified(const http::Request& request, const StoredResponse& stored,
                  std::int64_t unix_now) {
  return stored.status == 200 &&
         http::not_modified(request, http::Validators::of(stored.headers), unix_now);
}

void keep_for_not_modified(http::Headers& headers) {
  constexpr std::array<std::string_view, 6> kNames = {"Cache-Control", "Content-Location", "Date",
                                                      "ETag",          "Expires",          "Vary"};
  http::Headers kept;
  for (const http::Field& field : headers) {
    if (is_one_of(field.name, kNames)) kept.add(field.name, field.value);
  }
  headers = std::move(kept);
}

Validation::Validation(http::Request& request, const StoredResponse& stored)
    : request_(request), own_(request.headers) {
  for (const std::string_view name : {"If-None-Match", "If-Modified-Since", "If-Range", "Range"})
    request.headers.remove(name);
  if (const auto tag = stored.headers.get("ETag")) request.headers.set("If-None-Match", *tag);
  if (const auto changed = stored.headers.get("Last-Modified"))
    request.headers.set("If-Modified-Since", *changed);
}

bool is_about(const http::Response& response, const StoredResponse& stored) {
  const auto tag = response.headers.get("ETag");
  const auto stored_tag = stored.headers.get("ETag");
  if (tag && stored_tag) return http::without_weakness(*tag) == http::without_weakness(*stored_tag);
  const auto changed = response.headers.get("Last-Modified");
  const auto stored_changed = stored.headers.get("Last-Modified");
  return !changed || !stored_changed || *changed == *stored_changed;
}

std::shared_ptr<StoredResponse> updated(const StoredResponse& stored, const http::Headers& fields) {
  auto entry = std::make_shared<StoredResponse>();
  entry->status = stored.status;
  entry->headers = stored.headers;
  entry->body = stored.body;
  entry->trailers = stored.trailers;
  // The age counts from this response.
  entry->headers.remove("Date");
  for (const http::Field& field : fields) {
    if (!is_one_of(field.name, kAbsentIn304)) entry->headers.remove(field.name);
  }
  for (const http::Field& field : fields) {
    if (!is_one_of(field.name, kAbsentIn304)) entry->headers.add(field.name, field.value);
  }
  return entry;
}

}  // namespace sluice::filters
