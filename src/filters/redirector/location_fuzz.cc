// SPDX-License-Identifier: Apache-2.0
// Invariant: whatever a client asks for, a redirect to a site of the template stays at that site.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "filters/redirector/location.h"

namespace {

using namespace sluice;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr std::array<std::string_view, 4> kTemplates = {"http://shop.example$1",
                                                        "https://$2.shop.example/$1", "$1", "/$1"};

// The site as a browser reads it: it takes backslashes for slashes, and skips further ones.
std::string site_of(std::string_view location) {
  std::string text = lower_case(location);
  for (char& c : text) c = c == '\\' ? '/' : c;
  std::size_t at = 0;
  for (const std::string_view scheme : {"https:", "http:"}) {
    if (text.starts_with(scheme)) at = scheme.size();
  }
  const std::size_t begin = text.find_first_not_of('/', at);
  if (at == 0 && (begin < 2 || begin == text.npos)) return "";
  std::string site = text.substr(begin, text.find_first_of("/?#", begin) - begin);
  site.erase(0, site.rfind('@') + 1);
  return site.substr(0, site.find(':'));
}

void check(std::string_view location) {
  for (const char c : location) require(c > 0x20 && c < 0x7f && c != '\\');
  const std::string site = site_of(location);
  require(site.empty() || site == "shop.example" || site.ends_with(".shop.example"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string target = "/" + std::string(reinterpret_cast<const char*>(data), size);
  config::Faults faults;
  const auto pattern = router::Pattern::compile("(?s)^/go(([^/]*).*)$", "m", faults);
  for (const std::string_view text : kTemplates) {
    const auto replacement = router::Replacement::parse(text, *pattern, "r", faults);
    std::vector<router::Replacement::Traced> pieces;
    const auto made =
        replacement->apply_traced(*pattern, target, filters::kLocationBytesMax, pieces);
    if (!made || *made == target || filters::leads_astray(*made, pieces, 0)) continue;
    check(filters::encode_location(*made));
  }
  return 0;
}
