// SPDX-License-Identifier: Apache-2.0
#include "pipeline/exchange.h"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/memory_budget.h"
#include "pipeline/names_others.h"

namespace sluice::pipeline {
namespace {

constexpr std::size_t kValueBytes = 64;  // of a value, its place in a list or map, and its name

std::size_t bytes_of(const Json& value) {
  std::size_t bytes = kValueBytes;
  if (value.is_string()) bytes += value.get_ref<const std::string&>().size();
  if (!value.is_structured()) return bytes;
  for (const auto& [key, item] : value.items()) bytes += key.size() + bytes_of(item);
  return bytes;
}

}  // namespace

struct Exchange::Data {
  std::map<std::string, Json, std::less<>> values;
  std::map<std::string, std::size_t, std::less<>> sizes;
  std::size_t bytes = 0;
  std::optional<MemoryCharge> charge;
};

Exchange::Exchange(const loop::Core& core) : core_(core), on_core_(core.loop) { clear(); }
Exchange::~Exchange() = default;

http::Request* Exchange::request() { return active_->has_request ? &active_->request : nullptr; }

http::Request& Exchange::new_request() {
  http::Request& request = active_->request;
  const http::Request& client = client_request();
  // The version of the client's request stays, even if this is the client's request.
  const http::Version version = client.version;
  std::string host = client.host;
  std::string scheme = client.scheme;
  request.clear();
  request.version = version;
  request.method = "GET";
  request.scheme = std::move(scheme);
  request.host = std::move(host);
  request.set_path("/");
  active_->has_request = true;
  return request;
}

Exchange::Space* Exchange::find(std::string_view name) {
  const auto found = std::ranges::find(spaces_, name, &Space::name);
  return found != spaces_.end() ? &*found : nullptr;
}

http::Request* Exchange::request_of(std::string_view name) {
  Space* space = find(name);
  return space != nullptr && space->has_request ? &space->request : nullptr;
}

http::Response* Exchange::response_of(std::string_view name) {
  Space* space = find(name);
  return space != nullptr && space->has_response ? &space->response : nullptr;
}

const Json* Exchange::data_of(std::string_view key) const {
  if (key == kPipelineData) return pipeline_data_;
  if (!data_) return nullptr;
  const auto found = data_->values.find(key);
  return found != data_->values.end() ? &found->second : nullptr;
}

Result<void> Exchange::set_data(const std::string& key, Json value) {
  if (!data_) data_ = std::make_unique<Data>();
  const std::size_t size = kValueBytes + key.size() + bytes_of(value);
  const auto before = data_->sizes.find(key);
  const std::size_t others = data_->bytes - (before != data_->sizes.end() ? before->second : 0);
  if (others + size > kDataBytesMax)
    return fail(ErrorKind::too_large, "the data of a request is over 1 MiB");
  if (memory) {
    if (!data_->charge) data_->charge.emplace(*memory, MemoryUse::builder_bodies);
    if (data_->charge->try_set(others + size) != MemoryRefusal::none)
      return fail(ErrorKind::unavailable, "no memory for the data of a request");
  }
  data_->bytes = others + size;
  data_->sizes.insert_or_assign(key, size);
  data_->values.insert_or_assign(key, std::move(value));
  return {};
}

http::Response* Exchange::response() {
  return active_->has_response ? &active_->response : nullptr;
}

http::Response& Exchange::ensure_response() {
  return active_->has_response ? active_->response : new_response();
}

http::Response& Exchange::new_response() {
  active_->response.clear();
  active_->has_response = true;
  return active_->response;
}

http::Response& Exchange::gateway_response(int status, http::Cause cause) {
  http::Response& response = new_response();
  response.status = status;
  response.cause = cause;
  return response;
}

void Exchange::drop_response() {
  active_->response.clear();
  active_->has_response = false;
}

void Exchange::add_response_side(std::unique_ptr<ResponseSide> side) {
  sides_.push_back({std::move(side), active_->name, steps.size(), pipeline_data_});
}

void Exchange::activate(std::string_view name) {
  active_ = find(name);
  if (active_ != nullptr) return;
  active_ = &spaces_.emplace_back();
  active_->name = name;
}

void Exchange::clear() {
  on_core_.here();
  if (spaces_.empty()) spaces_.emplace_back().name = kDefaultNamespace;
  while (spaces_.size() > 1) spaces_.pop_back();
  Space& space = spaces_.front();
  space.request.clear();
  space.response.clear();
  space.has_request = true;
  space.has_response = false;
  sides_.clear();
  active_ = &space;
  interim_ = nullptr;
  real_ip.clear();
  peer.clear();
  tags_.clear();
  steps.clear();
  pipeline_name = {};
  ended_early = false;
  at_last_node = false;
  route.path_prefix = {};
  route.captures.clear();
  pipeline_data_ = nullptr;
  data_.reset();
  trace.clear();
}

}  // namespace sluice::pipeline
