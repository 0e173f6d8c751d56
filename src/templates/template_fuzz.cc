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

// Marks and values belong together: the first of them has the first mark, and so on.
void check_marks(const templates::Rendered& made) {
  std::size_t from = 0;
  std::size_t next = 0;
  while (const auto mark = templates::find_mark(made.text, from)) {
    check(mark->index == next++ && mark->end > mark->begin);
    from = mark->end;
  }
  check(next == made.values.size());
}

void check_skeleton(const templates::Template& made, const templates::Datum& root) {
  if (made.skeleton() == nullptr) return;
  templates::Rendered skeleton{*made.skeleton(), {}};
  const auto values = made.render(root, {.form = templates::OutputForm::values});
  if (!values) return;
  check(values->text.empty());
  skeleton.values = values->values;
  check_marks(skeleton);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const std::size_t end = std::min(input.find('\0'), size);
  const std::string_view rest = input.substr(std::min(end + 1, size));
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
    if (text && form == templates::OutputForm::yaml) check_marks(*text);
  }
  check_skeleton(*made, root);
  return 0;
}
