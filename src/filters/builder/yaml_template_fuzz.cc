// SPDX-License-Identifier: Apache-2.0
// Any YAML with any value in it: what the skeleton gives is what the parser gives, and the value
// adds neither a key nor an item, unless it is JSON.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "config/encoder.h"
#include "filters/builder/filled_yaml.h"
#include "templates/parse_json.h"

namespace {

using sluice::Json;
using sluice::config::Value;
using namespace sluice::filters;
namespace templates = sluice::templates;

constexpr char kPlace = '\1';

void check(bool holds) {
  if (!holds) std::abort();
}

std::string template_of(std::string_view yaml) {
  std::string text;
  for (const char c : yaml) {
    if (c == kPlace)
      text += "{{.}}";
    else if (c != '{' || !text.ends_with('{'))
      text += c;
  }
  return text;
}

sluice::Result<Value> filled(const YamlTemplate& made, const templates::Template& plain,
                             const templates::Datum& root, Described described, bool skeleton) {
  const auto form = skeleton ? templates::OutputForm::values : templates::OutputForm::yaml;
  auto rendered = plain.render(root, {.form = form});
  if (!rendered) return std::unexpected(rendered.error());
  MadeYaml yaml{*std::move(rendered)};
  if (skeleton) yaml.skeleton = {std::shared_ptr<const Value>(), made.skeleton()};
  return fill_yaml(std::move(yaml), described);
}

bool same(const Value& a, const Value& b) {
  return a.kind == b.kind && a.quoted == b.quoted &&
         sluice::config::Encoder::of(a) == sluice::config::Encoder::of(b);
}

std::size_t values_in(const Value& value) {
  std::size_t count = 1;
  for (const Value& item : value.items) count += values_in(item);
  for (const auto& member : value.members) count += values_in(member.value);
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const std::size_t end = std::min(input.find('\0'), size);
  const std::string_view value = input.substr(std::min(end + 1, size));
  const std::string text = template_of(input.substr(0, end));
  sluice::config::Faults faults;
  const auto made = YamlTemplate::parse(text, {}, "", faults);
  const auto plain = templates::Template::parse(text, {}, "", faults);
  if (!made || !plain || made->skeleton() == nullptr) return 0;
  const auto root = templates::Datum::borrowed_text(value);
  const bool json = templates::parse_json(value).has_value();
  for (const auto described : {Described::message, Described::changes, Described::data}) {
    const auto once = filled(*made, *plain, root, described, true);
    const auto each = filled(*made, *plain, root, described, false);
    check(once.has_value() == each.has_value());
    if (!once) continue;
    check(same(*once, *each));
    check(json || values_in(*once) == values_in(*made->skeleton()));
  }
  return 0;
}
