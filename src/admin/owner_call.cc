// SPDX-License-Identifier: Apache-2.0
#include "admin/owner_call.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "admin/handed_message.h"
#include "admin/member_link.h"
#include "base/text.h"
#include "control/controller.h"

namespace sluice::admin {
namespace {

using store::Owner;

constexpr Duration kOwnerLook = std::chrono::milliseconds(20);
constexpr Duration kPieceMax = std::chrono::minutes(1);
constexpr Duration kEndMax = std::chrono::minutes(15);
constexpr Duration kDropMax = std::chrono::seconds(1);  // the owner drops a silent call by itself

std::string encoded(std::string_view text) {
  std::string out;
  for (const char octet : text) {
    if (is_alphanumeric(octet)) {
      out += octet;
    } else {
      append_percent_encoded(out, octet);
    }
  }
  return out;
}

std::string target_of(const ApiRequest& request) {
  std::string target = "/apis/v2";
  for (const std::string& segment : request.path) target += "/" + encoded(segment);
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    target += std::exchange(separator, '&') + encoded(name) + "=" + encoded(value);
  }
  return target;
}

Error error_of(const ApiResponse& response) {
  Error error{
      ErrorKind::internal, "the owner answers with status " + std::to_string(response.status), {}};
  for (const ErrorKind kind : {ErrorKind::invalid, ErrorKind::forbidden, ErrorKind::not_found,
                               ErrorKind::conflict, ErrorKind::too_large, ErrorKind::unavailable}) {
    if (status_of(kind) == response.status) error.kind = kind;
  }
  const Json body = Json::parse(response.body, nullptr, false);
  if (!body.is_object()) return error;
  if (const auto message = body.find("message"); message != body.end() && message->is_string())
    error.message = message->get<std::string>();
  const Json details = body.value("errors", Json::array());
  for (const Json& line : details) {
    if (line.is_string()) error.details.push_back(line.get<std::string>());
  }
  return error;
}

class OwnerCall final : public Intake {
 public:
  OwnerCall(Context& context, std::string ns, std::shared_ptr<const Owner> owner)
      : context_(context),
        ns_(std::move(ns)),
        owner_(std::move(owner)),
        id_(store::RandomId::make().text()) {}

  ~OwnerCall() override {
    if (open_) (void)send(step(HandedStep::Kind::drop), Clock::now() + kDropMax);
  }
  OwnerCall(const OwnerCall&) = delete;
  OwnerCall& operator=(const OwnerCall&) = delete;

  // None: nothing was done, and `trouble` says why; look for the owner again.
  Result<bool> begin(const ApiRequest& request, TimePoint deadline, std::string& trouble) {
    HandedStep step{.kind = HandedStep::Kind::begin,
                    .id = id_,
                    .number = 0,
                    .from = context_.options.member_name,
                    .method = request.method,
                    .target = target_of(request),
                    .accept = request.accept,
                    .body = {}};
    const auto outcome = send(step, deadline);
    if (!outcome.answer) {
      trouble = outcome.answer.error().message;
      return false;
    }
    SLUICE_TRY(const HandedReply reply, HandedReply::decode(*outcome.answer));
    if (reply.again) return false;
    if (reply.response.status >= 400) return std::unexpected(error_of(reply.response));
    open_ = true;
    return true;
  }

  Result<void> take(std::string_view piece) override {
    while (!piece.empty()) {
      const std::string_view part = piece.substr(0, kHandedPieceBytes - waiting_.size());
      waiting_ += part;
      piece.remove_prefix(part.size());
      if (waiting_.size() == kHandedPieceBytes) SLUICE_CHECK(flush());
    }
    return {};
  }

  Result<ApiResponse> finish() override {
    if (!waiting_.empty()) SLUICE_CHECK(flush());
    open_ = false;
    const auto outcome = send(step(HandedStep::Kind::end), Clock::now() + kEndMax);
    if (!outcome.answer && outcome.sent) {
      return fail(ErrorKind::unavailable,
                  "member " + owner_->member + ", which owns " + ns_ + ", has not answered (" +
                      outcome.answer.error().message +
                      "): the change may have been made; look with `egctl wasm list-data`");
    }
    SLUICE_TRY(HandedReply reply, understood(outcome));
    return std::move(reply.response);
  }

 private:
  [[nodiscard]] HandedStep step(HandedStep::Kind kind, std::string_view body = {}) const {
    return {.kind = kind,
            .id = id_,
            .number = steps_,
            .from = {},
            .method = {},
            .target = {},
            .accept = {},
            .body = body};
  }
  MemberLink::Outcome send(const HandedStep& step, TimePoint deadline) {
    steps_ = step.number + 1;
    return context_.link->call(owner_->address, step.encode(), deadline, [this] {
      const auto now = context_.controller.store().owner(ns_).now;
      return !now || now->fence != owner_->fence;
    });
  }
  Result<void> flush() {
    const auto outcome = send(step(HandedStep::Kind::piece, waiting_), Clock::now() + kPieceMax);
    waiting_.clear();
    SLUICE_TRY(const HandedReply reply, understood(outcome));
    if (reply.response.status < 400) return {};
    open_ = false;
    return std::unexpected(error_of(reply.response));
  }
  // Of a step that has changed nothing if it fails.
  Result<HandedReply> understood(const MemberLink::Outcome& outcome) const {
    const auto broken = [&](const std::string& why) {
      return fail(ErrorKind::unavailable, "member " + owner_->member + ", which owned " + ns_ +
                                              ", " + why + "; nothing was changed: try again");
    };
    if (!outcome.answer) return broken("cannot be reached: " + outcome.answer.error().message);
    SLUICE_TRY(HandedReply reply, HandedReply::decode(*outcome.answer));
    if (reply.again) return broken("has given it up meanwhile");
    return reply;
  }

  Context& context_;
  const std::string ns_;
  const std::shared_ptr<const Owner> owner_;
  const std::string id_;
  std::string waiting_;  // of the body
  bool open_ = false;    // at the owner
  std::uint64_t steps_ = 0;
};

std::unexpected<Error> no_owner(const Context& context, const std::string& ns,
                                const std::string& trouble) {
  const auto known = context.controller.store().owner(ns);
  std::string text = "after " + format_duration(context.options.owner_wait) +
                     " (--owner-wait), nobody owns the shared data of " + ns;
  if (known.now) {
    text = "member " + known.now->member + ", which owns the shared data of " + ns +
           ", cannot be reached for " + format_duration(context.options.owner_wait) +
           " (--owner-wait)";
  } else if (known.last) {
    text += "; member " + known.last->member + " was the last owner";
  }
  if (!trouble.empty()) text += ": " + trouble;
  return fail(ErrorKind::unavailable, text + "; nothing was changed");
}

}  // namespace

Result<std::unique_ptr<Intake>> call_owner(Context& context, const ApiRequest& request,
                                           const std::string& ns) {
  store::Store& store = context.controller.store();
  if (!store.is_shared() || request.handed) return nullptr;
  const TimePoint end = Clock::now() + context.options.owner_wait;
  std::string trouble;
  do {
    if (const auto prepared = store.prepare(ns); !prepared) trouble = prepared.error().message;
    if (store.status(ns).owned) return nullptr;
    const auto owner = store.owner(ns).now;
    if (owner && !owner->me && (owner->address.empty() || !context.link)) {
      return fail(ErrorKind::unavailable,
                  "member " + owner->member + " owns the shared data of " + ns +
                      ", and has no cluster port (--cluster-addr): change the data there");
    }
    if (owner && !owner->me) {
      auto call = std::make_unique<OwnerCall>(context, ns, owner);
      SLUICE_TRY(const bool begun,
                 call->begin(request, std::max(end, Clock::now() + kOwnerLook), trouble));
      if (begun) return call;
    }
    std::this_thread::sleep_for(kOwnerLook);
  } while (Clock::now() < end);
  return no_owner(context, ns, trouble);
}

}  // namespace sluice::admin
