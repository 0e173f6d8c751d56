// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/host_context.h"

#include "base/printable.h"
#include "base/time.h"
#include "http/made_bytes.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kLinesMax = 32;
constexpr std::size_t kLineBytesMax = 1000;
constexpr std::size_t kTagBytesMax = 1000;
constexpr std::size_t kTagsMax = 100;

}  // namespace

Result<void> HostContext::make_body(http::Body& body, std::string_view bytes) {
  http::MadeBytes made(exchange_->memory);
  if (!made.assign(bytes)) return fail(ErrorKind::unavailable, "no memory for a body");
  made.give_to(body);
  return {};
}

void HostContext::log(LogLevel level, std::string_view text) {
  if (!logger_.enabled(level)) return;
  if (lines_.size() >= kLinesMax) {
    ++lines_left_out_;
    return;
  }
  lines_.push_back({level, std::string(text.substr(0, kLineBytesMax))});
}

void HostContext::fail_script(bool time_is_over, std::string_view text) {
  failure_ = ScriptFailure{time_is_over, printable(text.substr(0, kLineBytesMax))};
}

Result<void> HostContext::add_tag(std::string_view text) {
  if (exchange_ == nullptr) return too_early("request");
  if (exchange_->tags().size() >= kTagsMax) return fail(ErrorKind::too_large, "more than 100 tags");
  exchange_->add_tag(std::string(text.substr(0, kTagBytesMax)));
  return {};
}

Result<std::string> HostContext::declare_parameter(std::string_view name, std::string_view type,
                                                   std::optional<std::string_view> otherwise) {
  if (parameters_ == nullptr)
    return fail(ErrorKind::invalid, "called in wasm_run: declare parameters in wasm_init");
  return parameters_->declare(name, type, otherwise);
}

void HostContext::flush_logs(std::string_view name) {
  if (lines_left_out_ > 0)
    lines_.back().text += " (" + std::to_string(lines_left_out_) + " lines left out after it)";
  lines_left_out_ = 0;
  for (const Line& line : lines_) {
    const auto suppressed = gate_.pass(Clock::now());
    if (!suppressed) continue;
    logger_.write(line.level, std::string(name) + ": " + line.text + suppressed_note(*suppressed));
  }
  lines_.clear();
}

std::unexpected<Error> HostContext::too_early(std::string_view what) {
  return fail(ErrorKind::invalid, "called in wasm_init, where there is no " + std::string(what) +
                                      " (in a script: in init, or outside of functions)");
}

std::unexpected<Error> HostContext::elsewhere() {
  lacks_body_ = true;
  return fail(ErrorKind::unavailable, "the body is at another member, which is asked for it");
}

Result<const http::Body*> HostContext::request_body() {
  SLUICE_TRY(const http::Request* request, this->request());
  asked_request_body_ = true;
  if (request_body_withheld_ && request->body.is_stream()) [[unlikely]]
    return elsewhere();
  return &request->body;
}

Result<const http::Body*> HostContext::response_body() {
  SLUICE_TRY(const http::Response* response, this->response());
  asked_response_body_ = true;
  if (response_body_withheld_ && response->body.is_stream()) [[unlikely]]
    return elsewhere();
  const http::Request* request = exchange_->request();
  const bool head = request != nullptr && request->method == "HEAD";
  return head && response->body.is_stream() ? &no_body_ : &response->body;
}

Result<http::Request*> HostContext::edit_request() {
  SLUICE_TRY(http::Request * request, this->request());
  undo_->save_head(*request);
  return request;
}

Result<http::Response*> HostContext::edit_response() {
  SLUICE_TRY(http::Response * response, this->response());
  undo_->save_head(*response);
  return response;
}

Result<http::Request*> HostContext::edit_request_body() {
  SLUICE_TRY(http::Request * request, this->request());
  undo_->save_body(*request);
  return request;
}

Result<http::Response*> HostContext::edit_response_body() {
  SLUICE_TRY(http::Response * response, this->response());
  undo_->save_body(*response);
  return response;
}

}  // namespace sluice::filters
