// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/host_context.h"

#include "base/time.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kLinesMax = 32;
constexpr std::size_t kLineBytesMax = 1000;
constexpr std::size_t kTagBytesMax = 1000;
constexpr std::size_t kTagsMax = 100;

std::unexpected<Error> too_early() {
  return fail(ErrorKind::invalid, "called in wasm_init, where there is no request");
}

}  // namespace

void HostContext::log(LogLevel level, std::string_view text) {
  if (!logger_.enabled(level) || lines_.size() >= kLinesMax) return;
  lines_.push_back({level, std::string(text.substr(0, kLineBytesMax))});
}

Result<void> HostContext::add_tag(std::string_view text) {
  if (exchange_ == nullptr) return too_early();
  if (exchange_->tags().size() >= kTagsMax) return fail(ErrorKind::too_large, "more than 100 tags");
  exchange_->add_tag(std::string(text.substr(0, kTagBytesMax)));
  return {};
}

void HostContext::flush_logs(std::string_view name) {
  for (const Line& line : lines_) {
    const auto suppressed = gate_.pass(Clock::now());
    if (!suppressed) continue;
    logger_.write(line.level, std::string(name) + ": " + line.text + suppressed_note(*suppressed));
  }
  lines_.clear();
}

Result<HostContext*> context_of(const wasm::HostCall& call) {
  auto* context = call.context<HostContext>();
  if (context == nullptr) return fail(ErrorKind::internal, "called outside of a run");
  return context;
}

Result<http::Request*> request_of(const wasm::HostCall& call) {
  SLUICE_TRY(HostContext * context, context_of(call));
  if (context->exchange() == nullptr) return too_early();
  http::Request* request = context->exchange()->request();
  if (request == nullptr) return fail(ErrorKind::invalid, "the namespace has no request");
  return request;
}

Result<http::Response*> response_of(const wasm::HostCall& call) {
  SLUICE_TRY(HostContext * context, context_of(call));
  if (context->exchange() == nullptr) return too_early();
  http::Response* response = context->exchange()->response();
  if (response == nullptr) return fail(ErrorKind::internal, "there is no response");
  return response;
}

Result<store::Transaction*> data_of(const wasm::HostCall& call) {
  SLUICE_TRY(HostContext * context, context_of(call));
  if (context->transaction() == nullptr) return too_early();
  return context->transaction();
}

Result<http::Request*> edit_request(const wasm::HostCall& call) {
  SLUICE_TRY(http::Request * request, request_of(call));
  call.context<HostContext>()->undo().save_head(*request);
  return request;
}

Result<http::Response*> edit_response(const wasm::HostCall& call) {
  SLUICE_TRY(http::Response * response, response_of(call));
  call.context<HostContext>()->undo().save_head(*response);
  return response;
}

}  // namespace sluice::filters
