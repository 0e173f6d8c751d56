// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/yaml_template.h"

#include <algorithm>
#include <string_view>

namespace sluice::filters {
namespace {

using config::Value;
using templates::Template;

std::shared_ptr<const Value> parse_skeleton(const Template& made) {
  const std::string* text = made.skeleton();
  if (text == nullptr) return nullptr;
  auto documents = config::parse_documents(*text);
  if (!documents || documents->size() > 1) return nullptr;
  auto value = std::make_shared<Value>();
  if (!documents->empty()) *value = std::move(documents->front());
  return value;
}

// Its fields need each other, so that the rest says nothing if one is made.
constexpr std::string_view kWholeOrNone = "regexpReplace";

bool is_mark_in(const Value& value) {
  return templates::find_mark(value.scalar, 0) || std::ranges::any_of(value.items, is_mark_in) ||
         std::ranges::any_of(value.members,
                             [](const auto& member) { return is_mark_in(member.value); });
}

// Takes away what a value is part of; false: that is all of it.
bool keep_fixed(Value& value) {
  const auto is_made = [](Value& part) { return !keep_fixed(part); };
  std::erase_if(value.items, is_made);
  std::erase_if(value.members, [&](Value::Member& member) {
    if (templates::find_mark(member.key, 0)) return true;
    return member.key == kWholeOrNone ? is_mark_in(member.value) : is_made(member.value);
  });
  return value.kind != Value::Kind::scalar || !templates::find_mark(value.scalar, 0);
}

}  // namespace

void add_template_faults(const Result<void>& tried, const std::string& path,
                         config::Faults& faults) {
  if (tried) return;
  const std::string where = config::join_path(path, "template");
  const Error& error = tried.error();
  if (error.details.empty()) faults.add(where, error.message);
  for (const std::string& line : error.details) faults.add(where, line);
}

std::optional<MadeYaml> YamlTemplate::fixed_part() const {
  if (skeleton_ == nullptr) return std::nullopt;
  auto fixed = std::make_shared<Value>(*skeleton_);
  if (!keep_fixed(*fixed)) *fixed = Value();
  MadeYaml made;
  made.skeleton = std::move(fixed);
  return made;
}

YamlTemplate::YamlTemplate(Template made)
    : made_(std::move(made)), skeleton_(parse_skeleton(made_)) {}

std::optional<YamlTemplate> YamlTemplate::parse(const std::string& text,
                                                const DelimiterSpec& delimiters,
                                                const std::string& path, config::Faults& faults) {
  auto made = parse_template(text, delimiters, path, faults);
  if (!made) return std::nullopt;
  return YamlTemplate(*std::move(made));
}

Task<Result<MadeYaml>> YamlTemplate::render(pipeline::Exchange& exchange, TemplateLog& log) const {
  const auto form =
      skeleton_ == nullptr ? templates::OutputForm::yaml : templates::OutputForm::values;
  auto rendering = render_exchange(exchange, made_, form, log);
  auto rendered = co_await std::move(rendering);
  if (!rendered) co_return std::unexpected(std::move(rendered).error());
  MadeYaml made;
  made.rendered = *std::move(rendered);
  made.skeleton = skeleton_;
  co_return made;
}

}  // namespace sluice::filters
