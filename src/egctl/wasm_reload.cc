// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_reload.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "egctl/files.h"
#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

// "gw-2: shop/wasm: "; without the member for the one that was asked.
std::string place_of(const Json& one) {
  const std::string member = text_at(one, "member");
  const std::string filter = text_at(one, "filter");
  return (member.empty() ? "" : member + ": ") + text_at(one, "pipeline") +
         (filter.empty() ? "" : "/" + filter) + ": ";
}

std::string reload_line(const Json& one, const std::string& verb) {
  const std::string filter = place_of(one);
  const bool changed = one.value("changed", false);
  return filter + (changed ? verb : "unchanged") + " (sha256 " + text_at(one, "codeHash") + ")\n";
}

// True if a filter has new code on some members, and was refused by others: with --force.
bool is_swapped_elsewhere(const Json& reloaded) {
  std::set<std::string> swapped;
  for (const Json& one : reloaded) {
    if (one.value("changed", false)) swapped.insert(text_at(one, "pipeline"));
  }
  return std::ranges::any_of(reloaded, [&swapped](const Json& one) {
    return !text_at(one, "error").empty() && !text_at(one, "member").empty() &&
           swapped.contains(text_at(one, "pipeline"));
  });
}

// Prints the filters that run. The error lists the refused ones.
Result<void> report(Invocation& invocation, const std::string& verb, const Json& reloaded) {
  std::vector<std::string> refusals;
  for (const Json& one : reloaded) {
    if (const std::string warning = text_at(one, "warning"); !warning.empty()) {
      invocation.err << "Warning: " << place_of(one) << warning << "\n";
      if (!one.value("changed", false)) continue;
    }
    if (const std::string error = text_at(one, "error"); !error.empty()) {
      refusals.push_back(place_of(one) + error);
    } else if (invocation.format() == Output::standard) {
      invocation.out << reload_line(one, verb);
    }
  }
  if (invocation.format() != Output::standard) {
    invocation.print(reloaded);
  } else if (reloaded.empty()) {
    invocation.out << "there are no filters with code, so there is no code to reload\n";
  }
  if (refusals.empty()) return {};
  if (is_swapped_elsewhere(reloaded)) {
    return fail(ErrorKind::timed_out, verb + ", but not every member runs it", std::move(refusals));
  }
  return fail(ErrorKind::invalid, "not " + verb + ", what ran before goes on", std::move(refusals));
}

struct Upload {
  std::string file;
  std::string pipeline;
  std::string filter;
  bool force = false;
};

Result<void> upload_code(Invocation& invocation, const Upload& upload) {
  SLUICE_TRY(std::string code, read_input(upload.file));
  SLUICE_TRY(const ApiClient client, invocation.client());
  const std::string path = "/wasm/code/" + percent_encode(upload.pipeline) + "/" +
                           percent_encode(upload.filter) + (upload.force ? "?force=true" : "");
  SLUICE_TRY(const ApiReply reply, client.send({.method = "PUT",
                                                .path = path,
                                                .body = std::move(code),
                                                .content_type = "application/wasm"}));
  return report_code_answer(invocation, "upload code", "reloaded", reply);
}

}  // namespace

Result<void> report_code_answer(Invocation& invocation, const std::string& what,
                                const std::string& verb, const ApiReply& reply) {
  const Json body = Json::parse(reply.body, nullptr, false);
  if (!body.is_object() || !body.contains("reloaded") || !body["reloaded"].is_array())
    return failed(what, error_of(reply));
  return report(invocation, verb, body["reloaded"]);
}

Result<void> reload_code(Invocation& invocation, const Reloading& what) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  std::string path = "/wasm/code";
  if (!what.pipeline.empty())
    path += "/" + percent_encode(what.pipeline) + "/" + percent_encode(what.filter);
  if (what.force) path += "?force=true";
  SLUICE_TRY(const ApiReply reply, client.send({.method = "POST", .path = path}));
  return report_code_answer(invocation, "reload code", "reloaded", reply);
}

void add_wasm_reload(Command wasm, Invocation& invocation) {
  const Command command = wasm.add("reload-code", "Read the code of one filter or of all again");
  const auto what = std::make_shared<Reloading>();
  command.option("PIPELINE", what->pipeline, "pipeline; without it, all filters");
  command.option("FILTER", what->filter, "filter of the pipeline");
  command.flag("--force", what->force, "in a cluster, swap on the members that can run the code");
  command.footer(
      "Uploaded code ends: what the spec names runs again. With PIPELINE and FILTER, only there.\n"
      "Code that does not load is refused: the old code goes on, and the exit code is 1. In a\n"
      "cluster, all members swap, or none; with --force, the exit code is 6 if some do not.");
  set_action(command, invocation, [what](Invocation& s) {
    return what->pipeline.empty() == what->filter.empty()
               ? reload_code(s, *what)
               : s.misuse("requires pipeline and filter name, or neither");
  });
}

void add_wasm_upload(Command wasm, Invocation& invocation) {
  const Command command = wasm.add("upload", "Send a module, which a filter then runs");
  const auto upload = std::make_shared<Upload>();
  command.option("FILE", upload->file, "the module, - for standard input").required();
  command.option("PIPELINE", upload->pipeline, "pipeline").required();
  command.option("FILTER", upload->filter, "filter of the pipeline").required();
  command.flag("--force", upload->force, "in a cluster, swap on the members that can run the code");
  command.footer(
      "It runs until the next `egctl wasm reload-code`, or until another `code` is applied.\n"
      "Example:\n  egctl wasm upload flash-sale.wasm flash-sale-pipeline wasm");
  set_action(command, invocation, [upload](Invocation& s) { return upload_code(s, *upload); });
}

}  // namespace sluice::egctl
