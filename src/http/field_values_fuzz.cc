// SPDX-License-Identifier: Apache-2.0
// Parses the fields whose values decide whether a response is cached, compressed or fresh.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/cache_control.h"
#include "http/content_coding.h"
#include "http/date.h"
#include "http/targeted_field.h"

namespace {

using namespace sluice::http;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_seconds(const CacheControl& control) {
  for (const auto& seconds :
       {control.max_age, control.s_maxage, control.min_fresh, control.max_stale,
        control.stale_while_revalidate, control.stale_if_error})
    require(!seconds || (*seconds >= 0 && *seconds <= kDeltaSecondsMax));
}

bool is_space(char c) { return c == ' ' || c == '\t'; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t total = 0;
  for_each_element(text, [&](std::string_view element) {
    require(!element.empty() && !is_space(element.front()) && !is_space(element.back()));
    require(element.data() >= text.data() && element.data() + element.size() <= text.data() + size);
    total += element.size();
  });
  require(total <= size);

  Headers headers;
  headers.add("Cache-Control", text);
  headers.add("Accept-Encoding", text);
  const CacheControl control = parse_cache_control(headers);
  require_seconds(control);
  if (const auto targeted = parse_targeted_field(text)) require_seconds(*targeted);
  (void)accepts_gzip(headers);

  // Years 0 to 9999.
  constexpr std::int64_t kNow = 1'700'000'000;
  constexpr std::int64_t kYear10000 = 253'402'300'800;
  if (const auto date = parse_date(text, kNow)) {
    require(*date >= -62'200'000'000 && *date <= 253'500'000'000);
    if (*date < kYear10000) require(parse_date(format_date(*date), kNow) == date);
  }
  return 0;
}
