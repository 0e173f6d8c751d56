// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/message_source.h"

namespace sluice::filters {

MessageSource MessageSource::prepare(const MessageBuilderSpec& spec,
                                     const pipeline::FilterContext& context,
                                     config::Faults& faults) {
  MessageSource source{spec.source_namespace};
  source.log_name = filters::log_name(context);
  const bool copies = !spec.source_namespace.empty();
  if (copies == !spec.text.empty()) {
    faults.add(context.path, copies ? "has both sourceNamespace and template: leave one out"
                                    : "needs sourceNamespace or template");
  } else if (!copies) {
    source.made = YamlTemplate::parse(spec.text, spec.delimiters, context.path, faults);
  }
  return source;
}

pipeline::NamesOthers::Names MessageSource::names() const {
  if (made) return made->names();
  return {.namespaces = {{"sourceNamespace", source_namespace}}};
}

void note_build_error(pipeline::Exchange& exchange, std::string_view filter, const Error& error) {
  exchange.add_tag(std::string(filter.substr(filter.rfind('/') + 1)) + ": " + error.message);
}

}  // namespace sluice::filters
