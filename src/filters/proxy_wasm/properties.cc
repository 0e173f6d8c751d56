// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/properties.h"

#include <chrono>
#include <cstring>

#include "base/text.h"
#include "filters/proxy_wasm/field_map.h"

namespace sluice::filters::proxy_wasm {
namespace {

using Value = std::optional<std::string>;

std::string number(std::uint64_t value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::string truth(bool value) { return std::string(1, value ? '\1' : '\0'); }

// The part of `path` up to the next 0, which it loses.
std::string_view take_name(std::string_view& path) {
  const std::size_t end = path.find('\0');
  const std::string_view name = path.substr(0, end);
  path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  return name;
}

Value field_of(Plugin& plugin, MapType type, std::string_view name) {
  const auto map = FieldMap::of(plugin, type);
  return map ? map->get(name) : std::nullopt;
}

// Null: the exchange is gone.
const http::Request* request_of(const Stream& stream) {
  if (stream.exchange != nullptr) return stream.exchange->request();
  return stream.past_request ? &*stream.past_request : nullptr;
}

Value request_size(const Stream& stream) {
  if (stream.exchange == nullptr) return std::nullopt;
  return number(stream.exchange->request()->body.length().value_or(0));
}

Value request_property(Plugin& plugin, const Stream& stream, std::string_view path) {
  const std::string_view name = take_name(path);
  if (name == "headers") return field_of(plugin, MapType::request_headers, path);
  const http::Request* request = request_of(stream);
  if (request == nullptr) return std::nullopt;
  if (name == "path") return request->target();
  if (name == "url_path") return request->escaped_path;
  if (name == "query") return request->query;
  if (name == "host") return request->host;
  if (name == "scheme") return request->scheme;
  if (name == "method") return request->method;
  if (name == "protocol")
    return std::string(
        request->version == http::Version::http2 ? "HTTP/2" : http::to_string(request->version));
  if (name == "id") return field_of(plugin, MapType::request_headers, "x-request-id");
  if (name == "referer") return field_of(plugin, MapType::request_headers, name);
  if (name == "useragent") return field_of(plugin, MapType::request_headers, "user-agent");
  if (name == "size") return request_size(stream);
  if (name == "time")
    return number(static_cast<std::uint64_t>(stream.began_at.time_since_epoch() /
                                             std::chrono::nanoseconds(1)));
  if (name == "duration")
    return number(
        static_cast<std::uint64_t>((Clock::now() - stream.began) / std::chrono::nanoseconds(1)));
  return std::nullopt;
}

Value response_property(Plugin& plugin, std::string_view path) {
  const std::string_view name = take_name(path);
  if (name == "headers") return field_of(plugin, MapType::response_headers, path);
  if (name != "code") return std::nullopt;
  const auto status = field_of(plugin, MapType::response_headers, ":status");
  return status ? Value(number(to_number<std::uint64_t>(*status).value_or(0))) : std::nullopt;
}

Value source_property(const Stream& stream, std::string_view name) {
  if (stream.exchange == nullptr) return std::nullopt;
  const std::string& peer = stream.exchange->peer;
  if (name == "address") return peer;
  if (name != "port") return std::nullopt;
  const auto port = to_number<std::uint64_t>(peer.substr(peer.rfind(':') + 1));
  return port ? Value(number(*port)) : std::nullopt;
}

Value connection_property(const Stream& stream, std::string_view name) {
  if (stream.exchange == nullptr || name != "mtls") return std::nullopt;
  return truth(stream.exchange->certificates != nullptr);
}

Value plugin_property(const PluginSetup& setup, std::string_view name) {
  if (name == "plugin_name") return setup.plugin_name;
  if (name == "plugin_root_id") return setup.root_id;
  if (name == "plugin_vm_id") return setup.vm_id;
  if (name == "cluster_name" || name == "route_name") return setup.pipeline;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_property(Plugin& plugin, std::string_view path) {
  const Stream* stream = plugin.stream();
  if (stream != nullptr) {
    const auto own = stream->properties.find(path);
    if (own != stream->properties.end()) return own->second;
  }
  const std::string_view first = take_name(path);
  if (auto value = plugin_property(*plugin.setup, first)) return value;
  if (stream == nullptr) return std::nullopt;
  if (first == "request") return request_property(plugin, *stream, path);
  if (first == "response") return response_property(plugin, path);
  if (first == "source") return source_property(*stream, path);
  if (first == "connection") return connection_property(*stream, path);
  return std::nullopt;
}

bool set_property(Plugin& plugin, std::string_view path, std::string_view value) {
  Stream* stream = plugin.stream();
  if (stream == nullptr) return false;
  const auto found = stream->properties.find(path);
  const bool is_new = found == stream->properties.end();
  if (is_new && stream->properties.size() >= kPropertiesMax) return false;
  const std::size_t before = is_new ? 0 : path.size() + found->second.size();
  const std::size_t bytes = stream->property_bytes - before + path.size() + value.size();
  if (bytes > kPropertyBytesMax) return false;
  stream->property_bytes = bytes;
  stream->properties.insert_or_assign(std::string(path), std::string(value));
  return true;
}

}  // namespace sluice::filters::proxy_wasm
