// SPDX-License-Identifier: Apache-2.0
#include "admin/wasm_code.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "control/controller.h"

namespace sluice::admin {
namespace {

using control::Reloaded;

constexpr std::string_view kCodeBytesType = "application/octet-stream";

// "gw-2: shop/wasm: "; without the member for this one.
std::string place_of(const Reloaded& one) {
  return (one.member.empty() ? "" : one.member + ": ") + one.pipeline +
         (one.filter.empty() ? "" : "/" + one.filter) + ": ";
}

std::string text_line(const Reloaded& one) {
  const std::string filter = place_of(one);
  std::string warning = one.warning.empty() ? "" : filter + "warning: " + one.warning + "\n";
  if (!warning.empty() && !one.changed) return warning;
  if (!one.error.empty()) return filter + "refused: " + one.error + "\n";
  return warning + filter + (one.changed ? "reloaded" : "unchanged") + " (sha256 " + one.code_hash +
         ")\n";
}

Json json_of_reloaded(const std::vector<Reloaded>& reloaded) {
  Json out = Json::array();
  for (const Reloaded& one : reloaded) {
    out.push_back({{"pipeline", one.pipeline},
                   {"filter", one.filter},
                   {"changed", one.changed},
                   {"codeHash", one.code_hash},
                   {"error", one.error}});
    if (!one.member.empty()) out.back()["member"] = one.member;
    if (!one.warning.empty()) out.back()["warning"] = one.warning;
  }
  return out;
}

Json refusal(const std::vector<Reloaded>& reloaded) {
  Json errors = Json::array();
  for (const Reloaded& one : reloaded) {
    if (!one.error.empty()) errors.push_back(place_of(one) + one.error);
  }
  return {{"code", 400},
          {"message", "code refused; what ran before goes on"},
          {"errors", std::move(errors)}};
}

ApiResponse respond_lines(const std::vector<Reloaded>& reloaded, int status) {
  ApiResponse response = respond_text("");
  response.status = status;
  for (const Reloaded& one : reloaded) response.body += text_line(one);
  return response;
}

// `more`: further members of the answer.
ApiResponse respond_reloaded(const ApiRequest& request, const std::vector<Reloaded>& reloaded,
                             const Json& more = Json::object()) {
  const bool refused =
      std::ranges::any_of(reloaded, [](const Reloaded& one) { return !one.error.empty(); });
  const int status = refused ? 400 : 200;
  if (request.wants("text/plain")) return respond_lines(reloaded, status);
  Json body = refused ? refusal(reloaded) : Json::object();
  body["reloaded"] = json_of_reloaded(reloaded);
  body.update(more);
  return respond(request, body, status);
}

Result<ApiResponse> reload(Context& context, const ApiRequest& request, const PathNames&) {
  SLUICE_TRY(const auto reloaded,
             context.controller.reload_code(query_flag(request, "force"), request.caller));
  return respond_reloaded(request, reloaded);
}

Result<ApiResponse> reload_one(Context& context, const ApiRequest& request,
                               const PathNames& names) {
  SLUICE_TRY(const auto reloaded,
             context.controller.reload_code_of(names[0], names[1], query_flag(request, "force"),
                                               request.caller));
  return respond_reloaded(request, reloaded);
}

Result<ApiResponse> roll_back(Context& context, const ApiRequest& request, const PathNames& names) {
  const auto given = [&request](const char* name) {
    const auto found = request.query.find(name);
    return found != request.query.end() ? found->second : std::string();
  };
  SLUICE_TRY(const auto done,
             context.controller.roll_back_code(names[0], names[1], given("to"), given("from"),
                                               query_flag(request, "force"), request.caller));
  return respond_reloaded(request, done.reloaded, {{"rolledBackFrom", done.from}});
}

// The newest first, which runs.
Result<ApiResponse> list_codes(Context& context, const ApiRequest& request,
                               const PathNames& names) {
  SLUICE_TRY(Json codes, context.controller.code_history(names[0], names[1]));
  for (Json& code : codes) code["runs"] = &code == &codes.front();
  return respond(request, {{"pipeline", names[0]}, {"filter", names[1]}, {"codes", codes}});
}

Result<ApiResponse> send_code(Context& context, const ApiRequest& request, const PathNames& names) {
  if (!request.by_admin) return fail(ErrorKind::forbidden, "the code of a filter takes an admin");
  ApiResponse response;
  response.content_type = kCodeBytesType;
  SLUICE_TRY(response.body, context.controller.load_code_of(names[0], names[1], names[2]));
  return response;
}

// Takes the new code of a filter whole.
class CodeIntake final : public Intake {
 public:
  CodeIntake(Context& context, const ApiRequest& request, const PathNames& names)
      : context_(context), request_(request), names_(names) {}

  Result<void> take(std::string_view piece) override {
    if (code_.size() + piece.size() > control::Controller::kCodeBytesMax)
      return fail(ErrorKind::too_large, "code has at most 64 MiB");
    code_ += piece;
    return {};
  }
  Result<ApiResponse> finish() override {
    SLUICE_TRY(const auto reloaded,
               context_.controller.upload_code(names_[0], names_[1], code_,
                                               query_flag(request_, "force"), request_.caller));
    return respond_reloaded(request_, reloaded);
  }

 private:
  Context& context_;
  const ApiRequest& request_;
  const PathNames names_;
  std::string code_;
};

Result<std::unique_ptr<Intake>> open_upload(Context& context, const ApiRequest& request,
                                            const PathNames& names) {
  SLUICE_CHECK(context.controller.check_has_code(names[0], names[1]));
  return std::make_unique<CodeIntake>(context, request, names);
}

constexpr std::string_view kReloadedShape =
    "{code?: integer, message?, errors?: [text], rolledBackFrom?, reloaded?: [{pipeline, filter, "
    "changed: boolean, codeHash, error, member?, warning?}]}";
constexpr QueryParameter kForceCode =
    flag_query("force", "The members swap that can run the code, even if others cannot");

}  // namespace

void add_wasm_code(ApiRouter& router, Context& context) {
  const Content reloaded{.types = {kJsonType, kYamlType, kTextType}, .shape = kReloadedShape};
  const std::vector<Answer> outcomes{
      {200, reloaded, "What runs now"},
      {400, reloaded, "The call or the code is refused; what ran before goes on"}};
  add(router, context, "wasm",
      {{"POST",
        "/wasm/code",
        reload,
        {.summary = "Reads the code of all filters anew",
         .query = {kForceCode},
         .answers = outcomes,
         .errors = {409}}},
       {"POST",
        "/wasm/code/{pipeline}/{filter}",
        reload_one,
        {.summary = "Reads the code of one filter anew",
         .query = {kForceCode},
         .answers = outcomes,
         .errors = {404, 409}}},
       {"GET",
        "/wasm/code/{pipeline}/{filter}",
        list_codes,
        {.summary = "Lists the code that a filter has run",
         .answers = {{200, value_of("{pipeline, filter, codes: [{*: any}]}"), "The newest first"}},
         .errors = {404}}},
       {"GET",
        "/wasm/code/{pipeline}/{filter}/{hash}",
        send_code,
        {.summary = "Sends code that a filter has run; takes an admin",
         .answers = {{200, {.types = {kCodeBytesType}}, "The code"}},
         .errors = {404}}},
       {"POST",
        "/wasm/code/{pipeline}/{filter}/rollback",
        roll_back,
        {.summary = "Makes a filter run code that it has run before",
         .query = {text_query("to",
                              "Hash of the code, or its beginning; by default the code before"),
                   text_query("from", "Only if this code runs"), kForceCode},
         .answers = outcomes,
         .errors = {404, 409}}}});
  router.add({.group = "wasm",
              .method = "PUT",
              .pattern = "/wasm/code/{pipeline}/{filter}",
              .intake =
                  [&context](const ApiRequest& request, const PathNames& names) {
                    return open_upload(context, request, names);
                  },
              .about = {.summary = "Makes a filter run the code in the body, at most 64 MiB",
                        .query = {kForceCode},
                        .body = {.types = {kCodeBytesType}},
                        .answers = outcomes,
                        .errors = {404, 409}}});
}

}  // namespace sluice::admin
