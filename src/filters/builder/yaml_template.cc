// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/yaml_template.h"

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

}  // namespace

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
