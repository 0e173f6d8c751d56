// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/code_choice.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "filters/wasm_host/pins.h"

namespace sluice::filters {
namespace {

constexpr std::string_view kCodeInForce = "code";  // among the states of a filter
constexpr std::size_t kHashDigitsShown = 12;

using Code = std::shared_ptr<const RunningCode>;

Result<Code> read_or_pinned(const std::string& source, const pipeline::FilterContext& context,
                            const WasmEnvironment& environment,
                            const std::set<std::string>& refused) {
  SLUICE_TRY(Code code, RunningCode::read(source, environment, context.stop));
  if (context.pin == nullptr || !RunningCode::refuses(*context.pin, *code, refused)) return code;
  return RunningCode::pinned(source, *context.pin, environment, context.stop);
}

Result<Code> choose(const std::string& source, const pipeline::FilterContext& context,
                    const WasmEnvironment& environment, std::string_view pins,
                    const std::set<std::string>& refused) {
  if (context.fresh) return read_or_pinned(source, context, environment, refused);
  Code in_force = context.states.find<const RunningCode>(kCodeInForce, source);
  if (context.pin != nullptr && (!in_force || pin_of(*in_force, pins) != *context.pin)) {
    SLUICE_TRY(Code code, RunningCode::pinned(source, *context.pin, environment, context.stop));
    if (code) return code;
  }
  if (!in_force) return RunningCode::read(source, environment, context.stop);
  SLUICE_CHECK(in_force->share(environment));
  return in_force;
}

// True if `code` is what the source was found to hold since the record. Other members build what
// one of them has read.
bool is_newly_read(const RunningCode& code, const std::string& source,
                   const pipeline::FilterContext& context) {
  if (code.is_uploaded() || !code.rolled_back_from().empty()) return false;
  const Code before = context.states.find<const RunningCode>(kCodeInForce, source);
  return context.record->sha256 != code.sha256() || (before && !before->rolled_back_from().empty());
}

}  // namespace

Result<CodeInForce> choose_code(const std::string& source, const pipeline::FilterContext& context,
                                const WasmEnvironment& environment, std::string_view pins) {
  CodeInForce chosen;
  if (context.record != nullptr) chosen.refused = context.record->refused;
  SLUICE_TRY(chosen.code, choose(source, context, environment, pins, chosen.refused));
  if (const std::string& left = chosen.code->rolled_back_from(); !left.empty())
    chosen.refused.insert(left);
  if (context.record != nullptr && is_newly_read(*chosen.code, source, context))
    chosen.refused.clear();
  chosen.refused.erase(chosen.code->sha256());
  return chosen;
}

Result<CodeInForce> renew_code(const CodeInForce& now, const std::string& source,
                               const pipeline::ReloadInputs& inputs,
                               const WasmEnvironment& environment) {
  const bool sent = inputs.code != nullptr;
  CodeInForce next;
  SLUICE_TRY(next.code, sent ? RunningCode::uploaded(source, *inputs.code, environment)
                             : RunningCode::read(source, environment, inputs.stop));
  const std::string& sha256 = next.code->sha256();
  if (!sent && now.refused.contains(sha256)) {
    if (inputs.remark != nullptr) {
      *inputs.remark = "`code` holds " + sha256.substr(0, kHashDigitsShown) +
                       "…, which was rolled back, so " +
                       now.code->sha256().substr(0, kHashDigitsShown) +
                       "… runs on; `egctl wasm rollback` with --to, or an upload, brings it back";
    }
    return CodeInForce();
  }
  // If the source holds the code that was put back, that is no rollback any more.
  if (sha256 == now.code->sha256() && now.code->rolled_back_from().empty()) return CodeInForce();
  // Once the source has held other code, what it holds later is somebody's wish.
  if (sent) next.refused = now.refused;
  next.refused.erase(sha256);
  return next;
}

void put_code(const pipeline::StateScope& states, const std::string& source, const Code& code) {
  states.put(kCodeInForce, source, code);
}

std::string remark_on_upload(const RunningCode& code) {
  if (!code.is_uploaded() || !code.rolled_back_from().empty()) return {};
  return "runs the code that was uploaded at " + code.loaded_at() +
         "; that of the spec runs after `egctl wasm reload-code`";
}

void add_code_status(const CodeInForce& now, const Json& trial, const std::string& trouble,
                     Json& status) {
  const RunningCode& code = *now.code;
  std::string note = remark_on_upload(code);
  if (note.empty()) note = code.note(now.refused);
  if (!trouble.empty()) note = trouble + (note.empty() ? "" : "; ") + note;
  status["codeHash"] = code.sha256();
  status["loadedAt"] = code.loaded_at();
  status["codeSource"] = code.is_uploaded() ? "upload" : "spec";
  status["codeNote"] = std::move(note);
  status["rolledBackFrom"] = code.rolled_back_from();
  status["trial"] = trial;
}

}  // namespace sluice::filters
