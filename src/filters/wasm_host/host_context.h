// SPDX-License-Identifier: Apache-2.0
// The state on which the host functions of one run act. Core-bound; lives as long as the run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "filters/wasm_host/declared_parameters.h"
#include "filters/wasm_host/log_gate.h"
#include "filters/wasm_host/undo.h"
#include "pipeline/exchange.h"
#include "store/store.h"
#include "wasm/host_call.h"

namespace sluice::filters {

// The reason for which a script has failed, with the place in it.
struct ScriptFailure {
  bool time_is_over;
  std::string text;
};

class HostContext {
 public:
  // For wasm_init, which may call only functions that need neither request nor shared data.
  // Null `parameters`: the program has none.
  HostContext(const Logger& logger, LogGate& gate, std::mt19937_64& random,
              DeclaredParameters* parameters = nullptr)
      : logger_(logger), gate_(gate), random_(random), parameters_(parameters) {}
  // For wasm_run.
  HostContext(const Logger& logger, LogGate& gate, std::mt19937_64& random,
              pipeline::Exchange& exchange, Undo& undo, store::Transaction& transaction)
      : logger_(logger),
        gate_(gate),
        random_(random),
        exchange_(&exchange),
        undo_(&undo),
        transaction_(&transaction) {}

  // The object that a host function needs, or an error that names why there is none.
  [[nodiscard]] Result<pipeline::Exchange*> exchange() {
    if (exchange_ == nullptr) [[unlikely]]
      return too_early("request");
    return exchange_;
  }
  [[nodiscard]] Result<store::Transaction*> data() {
    if (transaction_ == nullptr) [[unlikely]]
      return too_early("shared data");
    used_data_ = true;
    return transaction_;
  }
  [[nodiscard]] Result<http::Request*> request() {
    if (exchange_ == nullptr) [[unlikely]]
      return too_early("request");
    http::Request* request = exchange_->request();
    if (request == nullptr) [[unlikely]]
      return fail(ErrorKind::invalid, "the namespace has no request");
    return request;
  }
  [[nodiscard]] Result<http::Response*> response() {
    if (exchange_ == nullptr) [[unlikely]]
      return too_early("response");
    http::Response* response = exchange_->response();
    if (response == nullptr) [[unlikely]]
      return fail(ErrorKind::internal, "there is no response");
    return response;
  }
  [[nodiscard]] Result<const http::Body*> request_body();
  // An empty body if the response answers HEAD: it announces a length, and no byte follows.
  [[nodiscard]] Result<const http::Body*> response_body();
  // Each saves the head, or the body, for undo before the guest changes it.
  [[nodiscard]] Result<http::Request*> edit_request();
  [[nodiscard]] Result<http::Response*> edit_response();
  [[nodiscard]] Result<http::Request*> edit_request_body();
  [[nodiscard]] Result<http::Response*> edit_response_body();
  // Fills the body of a message that was edited. Error `unavailable`: the memory of the connection
  // or of the process refuses.
  [[nodiscard]] Result<void> make_body(http::Body& body, std::string_view bytes);
  // The guest sets or removes a field of a message that it edits: a trailer of that name does not
  // pass once the run counts.
  template <class Message>
  [[nodiscard]] Result<void> claim(const Message& message, std::string_view name) {
    return undo_->claim(message, name);
  }
  template <class Message>
  [[nodiscard]] Result<void> claim(const Message& message, const http::Headers& fields) {
    for (const http::Field& field : fields) SLUICE_CHECK(claim(message, field.name));
    return {};
  }
  [[nodiscard]] double random() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

  // As DeclaredParameters::declare(). Error `invalid` also in wasm_run.
  [[nodiscard]] Result<std::string> declare_parameter(std::string_view name, std::string_view type,
                                                      std::optional<std::string_view> otherwise);

  // The lines are held until the run counts. Excess lines, and excess bytes of a line, are cut.
  void log(LogLevel level, std::string_view text);
  [[nodiscard]] Result<void> add_tag(std::string_view text);
  // Call when the run counts or has failed for good. Writes the lines, each prefixed with `name`.
  void flush_logs(std::string_view name);
  // Call when the run is undone: drops its lines.
  void restart() {
    lines_.clear();
    lines_left_out_ = 0;
    used_data_ = false;
  }

  // A call of the guest begins, which is to end by itself a little before `deadline`.
  void begin_call(TimePoint deadline, Duration limit) {
    deadline_ = deadline - std::min<Duration>(kLastWord, limit / 8);
    failure_.reset();
  }
  [[nodiscard]] bool time_is_over() const { return Clock::now() >= deadline_; }
  void fail_script(bool time_is_over, std::string_view text);
  [[nodiscard]] const std::optional<ScriptFailure>& failure() const { return failure_; }

  // True if the run has called a function for shared data.
  [[nodiscard]] bool used_data() const { return used_data_; }
  // True if a run of this exchange has asked for the body.
  [[nodiscard]] bool asked_request_body() const { return asked_request_body_; }
  [[nodiscard]] bool asked_response_body() const { return asked_response_body_; }
  // For an exchange of another member: these bodies can be had, but did not come along. A run that
  // asks for one fails, and lacks_body() says why.
  void withhold(bool request_body, bool response_body) {
    request_body_withheld_ = request_body;
    response_body_withheld_ = response_body;
  }
  [[nodiscard]] bool lacks_body() const { return lacks_body_; }

 private:
  [[nodiscard]] static std::unexpected<Error> too_early(std::string_view what);
  [[nodiscard]] std::unexpected<Error> elsewhere();

  // The time in which a script says where it is.
  static constexpr Duration kLastWord = std::chrono::milliseconds(3);

  struct Line {
    LogLevel level;
    std::string text;
  };

  const Logger& logger_;
  LogGate& gate_;
  std::mt19937_64& random_;
  DeclaredParameters* parameters_ = nullptr;
  pipeline::Exchange* exchange_ = nullptr;
  Undo* undo_ = nullptr;
  store::Transaction* transaction_ = nullptr;
  std::vector<Line> lines_;
  std::uint64_t lines_left_out_ = 0;
  TimePoint deadline_ = TimePoint::max();
  std::optional<ScriptFailure> failure_;
  const http::Body no_body_;
  bool used_data_ = false;
  bool asked_request_body_ = false;
  bool asked_response_body_ = false;
  bool request_body_withheld_ = false;
  bool response_body_withheld_ = false;
  bool lacks_body_ = false;
};

// A parameter of a host function (wasm/host_function.h): the object that `find` returns. It
// precedes the other parameters, so that a call in wasm_init is refused for this reason first.
template <class T, auto find>
class Needed {
 public:
  [[nodiscard]] static Result<Needed> from_guest(wasm::HostCall& call) {
    SLUICE_TRY(HostContext * context, call.context<HostContext>());
    SLUICE_TRY(T * found, (context->*find)());
    return Needed(found);
  }
  T* operator->() const { return found_; }
  T& operator*() const { return *found_; }

 private:
  explicit Needed(T* found) : found_(found) {}

  T* found_;
};
using RunExchange = Needed<const pipeline::Exchange, &HostContext::exchange>;
using SharedData = Needed<store::Transaction, &HostContext::data>;
using SeenRequest = Needed<const http::Request, &HostContext::request>;
using SeenRequestBody = Needed<const http::Body, &HostContext::request_body>;
using SeenResponse = Needed<const http::Response, &HostContext::response>;
using SeenResponseBody = Needed<const http::Body, &HostContext::response_body>;
// For functions that change the message: saved for undo first.
using EditedRequest = Needed<http::Request, &HostContext::edit_request>;
using EditedRequestBody = Needed<http::Request, &HostContext::edit_request_body>;
using EditedResponse = Needed<http::Response, &HostContext::edit_response>;
using EditedResponseBody = Needed<http::Response, &HostContext::edit_response_body>;

}  // namespace sluice::filters
