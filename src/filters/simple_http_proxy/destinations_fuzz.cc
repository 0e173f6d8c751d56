// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "filters/simple_http_proxy/destinations.h"

// A host that is not on the list is not allowed, however it is spelt.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::filters::Destinations;
  const std::string text(reinterpret_cast<const char*>(data), size);
  sluice::config::Faults faults;
  const auto one = Destinations::build({"shop.example", "*.shop.example"}, {}, "f", faults);
  const std::string host = sluice::filters::plain_host(text);
  const bool belongs = host == "shop.example" || host.ends_with(".shop.example");
  if (one.find(host, 80).has_value() != belongs) std::abort();
  (void)Destinations::build({text}, {text}, "f", faults);
  const auto all = Destinations::build({}, {}, "f", faults);
  const auto address = sluice::config::IpAddress::parse(text);
  if (!address) return 0;
  const bool allowed = all.check({text, 80}, Destinations::Grant::host).has_value();
  if (allowed && !sluice::filters::is_public(*address)) std::abort();
  return 0;
}
