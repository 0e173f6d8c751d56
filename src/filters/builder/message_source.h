// SPDX-License-Identifier: Apache-2.0
// The part of their spec that RequestBuilder and ResponseBuilder share: where the message comes
// from. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/fields.h"
#include "filters/builder/yaml_template.h"
#include "pipeline/filter.h"

namespace sluice::filters {

inline constexpr std::string_view kBuildErr = "buildErr";

struct MessageBuilderSpec {
  pipeline::FilterMeta meta;
  std::string protocol = "http";
  std::string source_namespace;
  std::string text;
  DelimiterSpec delimiters;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("protocol", protocol, {.one_of = {"http"}, .doc = "of the message"});
    visit("sourceNamespace", source_namespace,
          {.doc = "the namespace whose message is taken; excludes template"});
    visit("template", text, {.doc = "makes the message, as YAML; excludes sourceNamespace"});
    delimiters.fields(visit);
  }
};

struct MessageSource {
  std::string source_namespace;  // "": the template
  std::optional<YamlTemplate> made{};
  std::string log_name{};

  [[nodiscard]] pipeline::NamesOthers::Names names() const;

  [[nodiscard]] static MessageSource prepare(const MessageBuilderSpec& spec,
                                             const pipeline::FilterContext& context,
                                             config::Faults& faults);
};

// Notes in the log line of the request why a message could not be made.
void note_build_error(pipeline::Exchange& exchange, std::string_view filter, const Error& error);

}  // namespace sluice::filters
