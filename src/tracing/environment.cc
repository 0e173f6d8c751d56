// SPDX-License-Identifier: Apache-2.0
#include "tracing/environment.h"

#include <cstdlib>
#include <utility>

#include "base/encoding.h"
#include "base/file.h"
#include "base/text.h"
#include "config/core_schema.h"
#include "http/headers.h"
#include "tracing/endpoint_url.h"

namespace sluice::tracing {
namespace {

constexpr std::size_t kCertificateBytesMax = std::size_t{4} << 20;
constexpr std::string_view kTraces = "OTEL_EXPORTER_OTLP_TRACES_";
constexpr std::string_view kAll = "OTEL_EXPORTER_OTLP_";

class Reader {
 public:
  Reader(const Environment::Lookup& lookup, std::vector<std::string>& faults)
      : lookup_(lookup), faults_(faults) {}

  // An empty variable counts as one that is not set.
  [[nodiscard]] std::string get(const std::string& name) const {
    const char* value = lookup_(name.c_str());
    return value == nullptr ? "" : std::string(trim_space(value));
  }
  void refuse(const std::string& name, std::string_view reason) {
    faults_.push_back(name + ": " + std::string(reason));
  }
  [[nodiscard]] bool is_true(const std::string& name) const {
    return lower_case(get(name)) == "true";
  }
  // The variable of traces, else that of all signals. `name` becomes that of the one that is set.
  [[nodiscard]] std::string exporter(std::string_view word, std::string& name) const {
    name = std::string(kTraces) + std::string(word);
    if (std::string value = get(name); !value.empty()) return value;
    name = std::string(kAll) + std::string(word);
    return get(name);
  }
  // key=value,key=value, with escapes of URLs in the values.
  std::map<std::string, std::string> pairs(const std::string& name, const std::string& text);

 private:
  const Environment::Lookup& lookup_;
  std::vector<std::string>& faults_;
};

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                        hex_value(text[i + 2]) >= 0;
    out +=
        escape ? static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

std::map<std::string, std::string> Reader::pairs(const std::string& name, const std::string& text) {
  std::map<std::string, std::string> found;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view pair = trim_space(take_until(rest, ','));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view key = trim_space(pair.substr(0, equals));
    if (equals == std::string_view::npos || key.empty()) {
      refuse(name, "wants key=value,key=value");
      return {};
    }
    found[std::string(key)] =
        bounded_text(unescaped(trim_space(pair.substr(equals + 1))), kAttributeBytesMax);
  }
  return found;
}

void read_service(Reader& reader, Environment& out) {
  out.attributes = reader.pairs("OTEL_RESOURCE_ATTRIBUTES", reader.get("OTEL_RESOURCE_ATTRIBUTES"));
  out.service_name = bounded_text(reader.get("OTEL_SERVICE_NAME"), kAttributeBytesMax);
  const auto named = out.attributes.find("service.name");
  if (named == out.attributes.end()) return;
  if (out.service_name.empty()) out.service_name = named->second;
  out.attributes.erase(named);
}

void read_sampler(Reader& reader, Environment& out) {
  std::string sampler = reader.get("OTEL_TRACES_SAMPLER");
  if (sampler.empty()) return;
  constexpr std::string_view kByParent = "parentbased_";
  const bool by_parent = sampler.starts_with(kByParent);
  if (by_parent) sampler.erase(0, kByParent.size());
  double rate = 1;
  if (sampler == "always_off") {
    rate = 0;
  } else if (sampler == "traceidratio") {
    const std::string text = reader.get("OTEL_TRACES_SAMPLER_ARG");
    const auto number = text.empty() ? std::optional(1.0) : config::parse_double(text);
    if (!number || !(*number >= 0 && *number <= 1))
      return reader.refuse("OTEL_TRACES_SAMPLER_ARG", "wants a number from 0 to 1");
    rate = *number;
  } else if (sampler != "always_on") {
    return reader.refuse("OTEL_TRACES_SAMPLER",
                         "is not always_on, always_off, traceidratio, or one of these after "
                         "parentbased_");
  }
  out.sample_rate = rate;
  out.parent_decides = by_parent;
}

void read_propagators(Reader& reader, Environment& out) {
  const std::string list = reader.get("OTEL_PROPAGATORS");
  bool w3c = false;
  bool b3 = false;
  for (std::string_view rest = list; !rest.empty();) {
    const std::string_view name = trim_space(take_until(rest, ','));
    w3c = w3c || name == "tracecontext";
    b3 = b3 || name == "b3" || name == "b3multi";
  }
  if (b3 && !w3c) out.format = HeaderFormat::b3;
}

void read_headers(Reader& reader, Endpoint& endpoint) {
  std::string name;
  const std::string text = reader.exporter("HEADERS", name);
  for (auto& [key, value] : reader.pairs(name, text)) {
    if (!http::is_token(key) || !http::is_field_value(value)) {
      reader.refuse(name, key + " is not a header");
    } else {
      endpoint.headers[key] = value;
    }
  }
}

void read_timeout(Reader& reader, Endpoint& endpoint) {
  std::string name;
  const std::string text = reader.exporter("TIMEOUT", name);
  if (text.empty()) return;
  const auto number = to_number<unsigned>(text);
  constexpr unsigned kMax = 600'000;
  if (!number || *number == 0 || *number > kMax)
    return reader.refuse(name, "wants milliseconds, 1 to 600000");
  endpoint.timeout = std::chrono::milliseconds(*number);
}

void read_authorities(Reader& reader, Endpoint& endpoint) {
  std::string name;
  const std::string path = reader.exporter("CERTIFICATE", name);
  if (path.empty()) return;
  auto text = read_file(path, kCertificateBytesMax);
  if (!text) return reader.refuse(name, text.error().message);
  endpoint.authorities = std::move(*text);
}

// Returns whether the variables name a collector.
bool read_otlp(Reader& reader, Endpoint& endpoint) {
  std::string name;
  const std::string protocol = reader.exporter("PROTOCOL", name);
  if (protocol == "grpc") {
    endpoint.protocol = Protocol::otlp_grpc;
  } else if (!protocol.empty() && protocol != "http/protobuf") {
    reader.refuse(name, protocol + " is not there: http/protobuf is used");
  }
  endpoint.gzip = reader.exporter("COMPRESSION", name) == "gzip";
  read_headers(reader, endpoint);
  read_timeout(reader, endpoint);
  read_authorities(reader, endpoint);
  const std::string url = reader.exporter("ENDPOINT", name);
  if (url.empty()) {
    if (endpoint.protocol == Protocol::otlp_grpc)
      endpoint.url = otlp_url("localhost:4317", endpoint.protocol, true, true).value_or("");
    return false;
  }
  auto whole = otlp_url(url, endpoint.protocol, true, name.starts_with(kTraces));
  if (!whole) {
    reader.refuse(name, whole.error().message);
    return false;
  }
  endpoint.url = std::move(*whole);
  return true;
}

void read_exporter(Reader& reader, Environment& out) {
  const std::string exporter = reader.get("OTEL_TRACES_EXPORTER");
  if (exporter == "none") {
    out.disabled = true;
  } else if (exporter == "zipkin") {
    const std::string url = reader.get("OTEL_EXPORTER_ZIPKIN_ENDPOINT");
    auto checked = zipkin_url(url.empty() ? "http://localhost:9411/api/v2/spans" : url);
    if (!checked) return reader.refuse("OTEL_EXPORTER_ZIPKIN_ENDPOINT", checked.error().message);
    out.endpoint = {.protocol = Protocol::zipkin, .url = *std::move(checked)};
    out.asks_for_traces = true;
  } else {
    out.asks_for_traces = read_otlp(reader, out.endpoint) || exporter == "otlp";
    if (!exporter.empty() && exporter != "otlp")
      reader.refuse("OTEL_TRACES_EXPORTER", "is not otlp, zipkin or none: otlp is used");
  }
}

}  // namespace

Environment Environment::read(const Lookup& lookup, std::vector<std::string>& faults) {
  Reader reader(lookup, faults);
  Environment out;
  read_service(reader, out);
  read_sampler(reader, out);
  read_propagators(reader, out);
  read_exporter(reader, out);
  out.disabled = out.disabled || reader.is_true("OTEL_SDK_DISABLED");
  return out;
}

Environment Environment::of_process(std::vector<std::string>& faults) {
  return read([](const char* name) -> const char* { return std::getenv(name); }, faults);
}

}  // namespace sluice::tracing
