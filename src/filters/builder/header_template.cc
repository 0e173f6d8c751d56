// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/header_template.h"

#include "filters/builder/header_rules.h"

namespace sluice::filters {
namespace {

using config::Value;

// The spec that the skeleton describes, marks being texts; nullopt if it describes anything else.
std::optional<HeaderChangeSpec> spec_of(const Value& skeleton, Changed changed) {
  if (skeleton.members.size() != 1 || skeleton.members.front().key != "header") return std::nullopt;
  config::Faults faults;
  auto spec = config::decode<HeaderChangeSpec>(skeleton.members.front().value, "", faults);
  spec.check("", changed, faults);
  for (const std::string& name : spec.del) {
    if (templates::find_mark(name, 0)) return std::nullopt;
  }
  if (!faults.empty()) return std::nullopt;
  return spec;
}

// Null if the value is not of the template.
const Value* made_value(const Value& skeleton, const char* list, const std::string& name) {
  const Value* fields = skeleton.find("header")->find(list);
  const Value* value = fields == nullptr ? nullptr : fields->find(name);
  return value != nullptr && templates::find_mark(value->scalar, 0) ? value : nullptr;
}

}  // namespace

std::optional<HeaderTemplate> HeaderTemplate::make(const YamlTemplate& made,
                                                   const HeaderChangeSpec& fixed, Changed changed) {
  if (made.skeleton() == nullptr) return std::nullopt;
  const Value& skeleton = *made.skeleton();
  auto spec = spec_of(skeleton, changed);
  if (!spec) return std::nullopt;
  spec->put_before(fixed);
  HeaderTemplate result;
  result.change_ = HeaderChange(*spec);
  result.change_.each_field([&](const char* list, const std::string& name) {
    if (const Value* value = made_value(skeleton, list, name))
      result.fields_.push_back({result.count_, name, *value});
    ++result.count_;
  });
  return result;
}

std::optional<HeaderTemplate::Values> HeaderTemplate::values(const MadeYaml& yaml) const {
  Values values;
  values.made.resize(count_);
  values.texts.reserve(fields_.size());
  for (const Field& field : fields_) {
    auto text = fill_setting(field.scalar, yaml.rendered.values);
    if (!text || made_header_fault(field.name, *text)) return std::nullopt;
    values.texts.push_back(*std::move(text));
    values.made[field.number] = &values.texts.back();
  }
  return values;
}

}  // namespace sluice::filters
