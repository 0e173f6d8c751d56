// SPDX-License-Identifier: Apache-2.0
// Bodies and configurations.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/limits.h"
#include "filters/proxy_wasm/plugin.h"
#include "filters/proxy_wasm/values.h"
#include "wasm/host_function.h"

namespace sluice::filters::proxy_wasm {
namespace {

using wasm::host_function;
using wasm::HostCall;

// Null: it cannot be had now, or not be changed.
EditedBytes* edited(Plugin& plugin, std::uint32_t type) {
  Stream* stream = plugin.stream();
  if (stream == nullptr) return nullptr;
  auto* const bytes =
      static_cast<BufferType>(type) == BufferType::request_body    ? &stream->request_body
      : static_cast<BufferType>(type) == BufferType::response_body ? &stream->response_body
                                                                   : nullptr;
  return bytes != nullptr && *bytes ? &**bytes : nullptr;
}

std::optional<std::string_view> buffer_of(Plugin& plugin, std::uint32_t type) {
  switch (static_cast<BufferType>(type)) {
    case BufferType::vm_configuration:
      return plugin.setup->vm_configuration;
    case BufferType::plugin_configuration:
      return plugin.setup->configuration;
    case BufferType::call_body:
      if (plugin.call_response == nullptr) return std::nullopt;
      return plugin.call_response->response.body.bytes();
    default:
      break;
  }
  const EditedBytes* bytes = edited(plugin, type);
  return bytes != nullptr ? std::optional(bytes->text()) : std::nullopt;
}

Result<Answer> get_bytes(Plugin& plugin, HostCall& call, std::uint32_t type, std::uint32_t start,
                         std::uint32_t size, OutBytes out) {
  if (!out.inside) return Answer(Status::invalid_memory);
  if (type > kBufferTypeMax) return Answer(Status::bad_argument);
  const auto bytes = buffer_of(plugin, type);
  if (!bytes) return Answer(Status::not_found);
  if (start > bytes->size()) return Answer(Status::bad_argument);
  const std::size_t count = std::min<std::size_t>(size, bytes->size() - start);
  const auto again = [&]() -> std::optional<std::string_view> {
    const auto now = buffer_of(plugin, type);
    if (!now || now->size() < start) return std::nullopt;
    return now->substr(start, count);
  };
  SLUICE_TRY(const bool found, out.put_found(call, count, again));
  return Answer(found ? Status::ok : Status::not_found);
}

Result<Answer> get_status(Plugin& plugin, HostCall& call, std::uint32_t type,
                          Out<std::uint32_t> size, Out<std::uint32_t> unused) {
  if (!all_inside(size, unused)) return Answer(Status::invalid_memory);
  if (type > kBufferTypeMax) return Answer(Status::bad_argument);
  const auto bytes = buffer_of(plugin, type);
  if (!bytes) return Answer(Status::not_found);
  SLUICE_CHECK(size.put(call, static_cast<std::uint32_t>(bytes->size())));
  SLUICE_CHECK(unused.put(call, 0));
  return Answer(Status::ok);
}

// False: no memory for it.
bool replace(EditedBytes& bytes, const std::shared_ptr<MemoryHolder>& memory, std::size_t at,
             std::size_t count, std::string_view value) {
  if (bytes.made) return bytes.made->replace(at, count, value);
  http::MadeBytes made(memory);
  const bool whole = at == 0 && count == bytes.seen.size();  // the bytes seen are of no use
  if (!whole && !made.assign(bytes.seen)) return false;
  if (!made.replace(at, whole ? 0 : count, value)) return false;
  bytes.made = std::move(made);
  return true;
}

Answer set_bytes(Plugin& plugin, std::uint32_t type, std::uint32_t start, std::uint32_t size,
                 GuestBytes value) {
  if (!value.inside) return Status::invalid_memory;
  if (type > kBufferTypeMax) return Status::bad_argument;
  EditedBytes* bytes = edited(plugin, type);
  if (bytes == nullptr) return Status::not_found;
  const std::size_t before = bytes->text().size();
  const std::size_t at = std::min<std::size_t>(start, before);
  const std::size_t replaced = std::min<std::size_t>(size, before - at);
  if (before - replaced + value.text.size() > http::kMadeBodyBytesMax) return Status::bad_argument;
  Stream& stream = *plugin.stream();
  if (!replace(*bytes, stream.memory, at, replaced, value.text)) {
    stream.short_of_memory = true;
    stream.news.notify();
  }
  return Status::ok;
}

// ABI 0.1.0. Its guests ask for the configuration of what is being set up.
Result<Answer> get_configuration(Plugin& plugin, HostCall& call, OutBytes out) {
  if (!out.inside) return Answer(Status::invalid_memory);
  const PluginSetup& setup = *plugin.setup;
  SLUICE_CHECK(out.put(call, plugin.vm_starting ? setup.vm_configuration : setup.configuration));
  return Answer(Status::ok);
}

constexpr wasm::HostFunction kBufferFunctions[] = {
    host_function<get_bytes>("proxy_get_buffer_bytes"),
    host_function<get_status>("proxy_get_buffer_status"),
    host_function<set_bytes>("proxy_set_buffer_bytes"),
    host_function<get_configuration>("proxy_get_configuration"),
};

}  // namespace

std::span<const wasm::HostFunction> buffer_functions() { return kBufferFunctions; }

}  // namespace sluice::filters::proxy_wasm
