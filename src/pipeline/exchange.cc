// SPDX-License-Identifier: Apache-2.0
#include "pipeline/exchange.h"

#include <utility>

namespace sluice::pipeline {

http::Request* Exchange::request() { return active_->has_request ? &active_->request : nullptr; }

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

void Exchange::drop_response() {
  active_->response.clear();
  active_->has_response = false;
}

void Exchange::add_response_side(std::unique_ptr<ResponseSide> side) {
  sides_.push_back({std::move(side), active_->name, steps.size()});
}

void Exchange::activate(std::string_view name) {
  for (Space& space : spaces_) {
    if (space.name == name) {
      active_ = &space;
      return;
    }
  }
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
}

}  // namespace sluice::pipeline
