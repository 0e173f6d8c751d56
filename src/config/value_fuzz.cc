// SPDX-License-Identifier: Apache-2.0
// Any bytes: parsing must not crash, and what decodes must survive encoding and parsing again.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "config/emit.h"
#include "config/emit_flow.h"
#include "config/fields.h"

namespace {

using sluice::Duration;
using sluice::Json;
namespace config = sluice::config;

struct FlowNode {
  std::string filter;
  std::map<std::string, std::string> jump_if;
  void fields(auto& visit) {
    visit("filter", filter, {.required = true, .format = config::Format::name});
    visit("jumpIf", jump_if);
  }
};

struct PipelineLike {
  std::string name;
  std::string kind;
  std::vector<FlowNode> flow;
  std::vector<config::UndecodedValue> filters;
  std::optional<int> code;
  std::uint16_t port = 80;
  Duration timeout = std::chrono::milliseconds(100);
  double ratio = 0.5;
  bool enabled = true;
  std::vector<std::string> methods;
  std::string url;
  void fields(auto& visit) {
    visit("name", name, {.required = true, .format = config::Format::name});
    visit("kind", kind, {.one_of = {"Pipeline", "HTTPServer"}});
    visit("flow", flow);
    visit("filters", filters);
    visit("code", code, {.min = 100, .max = 599});
    visit("port", port);
    visit("timeout", timeout, {.min = 0});
    visit("ratio", ratio, {.min = 0});
    visit("enabled", enabled);
    visit("methods", methods, {.format = config::Format::http_method, .unique = true});
    visit("url", url, {.format = config::Format::url});
  }
};

void check(bool holds) {
  if (!holds) std::abort();
}

void round_trip(const config::Value& document) {
  config::Faults faults;
  const auto spec = config::decode<PipelineLike>(document, "", faults);
  if (!faults.empty()) {
    check(!faults.to_error().message.empty());
    return;
  }
  const Json first = config::encode(spec);
  const auto parsed = config::parse_document(first.dump());
  check(parsed.has_value());
  config::Faults again;
  const Json second = config::encode(config::decode<PipelineLike>(*parsed, "", again));
  check(again.empty() && first == second);
}

// Every value can be written as JSON, and the JSON says the same.
void raw_round_trip(const config::Value& document) {
  const Json first = config::Encoder::of(document);
  const auto parsed = config::parse_document(first.dump(), {.depth_max = 70});
  // A long key is no key to the YAML parser, though it is to JSON.
  if (parsed) check(config::Encoder::of(*parsed) == first);
}

// Several files of egctl travel in this form.
void flow_round_trip(const config::Value& document) {
  const std::string text = config::emit_flow(document);
  const auto parsed = config::parse_document(text, {.bytes_max = 64 << 20, .depth_max = 70});
  check(document.kind == config::Value::Kind::null || parsed.has_value());
  if (parsed) check(config::Encoder::of(*parsed) == config::Encoder::of(document));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto documents = config::parse_documents(text, {.values_max = 100'000});
  if (!documents) {
    check(!documents.error().message.empty());
    return 0;
  }
  for (const config::Value& document : *documents) {
    raw_round_trip(document);
    flow_round_trip(document);
    round_trip(document);
  }
  return 0;
}
