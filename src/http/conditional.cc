// SPDX-License-Identifier: Apache-2.0
#include "http/conditional.h"

#include <string>

#include "http/cache_control.h"
#include "http/date.h"

namespace sluice::http {
namespace {

// A date is a strong validator once it is a second older than the response (RFC 9110 section
// 8.8.2.2).
bool same_strong_date(std::string_view wanted, const Validators& now, std::int64_t unix_now) {
  if (!now.last_modified || !now.date || *now.last_modified != wanted) return false;
  const auto changed_time = parse_date(*now.last_modified, unix_now);
  const auto date_time = parse_date(*now.date, unix_now);
  return changed_time && date_time && *changed_time < *date_time;
}

}  // namespace

Validators Validators::of(const Headers& headers) {
  return {.etag = headers.get("ETag"),
          .last_modified = headers.get("Last-Modified"),
          .date = headers.get("Date")};
}

std::string_view without_weakness(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

bool not_modified(const Request& request, const Validators& now, std::int64_t unix_now) {
  const std::string wanted = combined(request.headers, "If-None-Match");
  if (!wanted.empty()) {
    bool found = wanted == "*";
    for_each_element(wanted, [&](std::string_view element) {
      found = found || (now.etag && without_weakness(element) == without_weakness(*now.etag));
    });
    return found;
  }
  const auto since = request.headers.get("If-Modified-Since");
  // RFC 9111 section 4.3.2.
  const auto changed = now.last_modified ? now.last_modified : now.date;
  if (!since || !changed) return false;
  const auto since_time = parse_date(*since, unix_now);
  const auto changed_time = parse_date(*changed, unix_now);
  return since_time && changed_time && *changed_time <= *since_time;
}

bool range_holds(const Request& request, const Validators& now, std::int64_t unix_now) {
  const auto wanted = request.headers.get("If-Range");
  if (!wanted) return true;
  if (wanted->starts_with('"')) return now.etag == wanted;
  return same_strong_date(*wanted, now, unix_now);
}

}  // namespace sluice::http
