// SPDX-License-Identifier: Apache-2.0
// Any template: parsing and rendering must not crash, and keep the limits. The text before the
// first NUL is the template, and the rest is a value of the data.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/utf8.h"
#include "config/value.h"
#include "templates/parse_json.h"
#include "templates/template.h"

namespace {

using sluice::Json;
namespace templates = sluice::templates;

void check(bool holds) {
  if (!holds) std::abort();
}

Json data_of(std::string_view rest) {
  Json data = {{"s", rest}, {"n", 7}, {"f", 0.5}, {"l", {1, "two", nullptr}}, {"m", {{"k", "v"}}}};
  if (const auto json = templates::parse_json(rest)) data["j"] = **json;
  return data;
}

// A value in a block scalar adds no key beside it.
void check_place(std::string_view value) {
  sluice::config::Faults faults;
  const auto made = templates::Template::parse("a: |\n  x{{.}}\nb: '{{.}}'", {}, "", faults);
  const auto text =
      made->render(templates::Datum::borrowed_text(value), {.form = templates::OutputForm::yaml});
  if (!text) return;
  const auto document = sluice::config::parse_document(text->text);
  check(!document || (document->members.size() == 2 && document->members[0].key == "a" &&
                      document->members[1].key == "b"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const std::size_t end = std::min(input.find('\0'), size);
  const std::string_view rest = input.substr(std::min(end + 1, size));
  check_place(rest);
  sluice::config::Faults faults;
  const auto made = templates::Template::parse(input.substr(0, end), {}, "", faults);
  check(made.has_value() == faults.empty());
  if (!made) return 0;
  const templates::Datum root(std::make_shared<const Json>(data_of(rest)));
  for (const auto form : {templates::OutputForm::text, templates::OutputForm::yaml}) {
    const auto text =
        made->render(root, {.form = form, .output_bytes_max = 10'000, .steps_max = 10'000});
    if (text)
      check(text->text.size() <= 2 * 10'000);
    else
      check(!text.error().message.empty());
  }
  return 0;
}
