// SPDX-License-Identifier: Apache-2.0
#include "admin/handed_message.h"

#include <array>
#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

constexpr std::array<std::string_view, 4> kStepNames{"begin", "piece", "end", "drop"};

// Splits a message into its first line, parsed, and the bytes behind it.
Result<Json> take_line(std::string_view& message) {
  const std::size_t end = message.substr(0, kHandedLineMax).find('\n');
  if (end == message.npos) return fail(ErrorKind::invalid, "a message without a first line");
  Json line = Json::parse(message.substr(0, end), nullptr, false);
  if (!line.is_object()) return fail(ErrorKind::invalid, "a message whose first line is no JSON");
  message.remove_prefix(end + 1);
  return line;
}

std::string text_of(const Json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string HandedStep::encode() const {
  Json line = {
      {"step", kStepNames[static_cast<std::size_t>(kind)]}, {"id", id}, {"number", number}};
  if (kind == Kind::begin) {
    line["from"] = from;
    line["method"] = method;
    line["target"] = target;
    line["accept"] = accept;
  }
  return (dump(line) + "\n").append(body);
}

Result<HandedStep> HandedStep::decode(std::string_view message) {
  SLUICE_TRY(const Json line, take_line(message));
  HandedStep step;
  const std::string name = text_of(line, "step");
  std::size_t kind = 0;
  while (kind < kStepNames.size() && kStepNames[kind] != name) ++kind;
  step.id = text_of(line, "id");
  if (kind == kStepNames.size() || step.id.empty())
    return fail(ErrorKind::invalid, "a message with a step that is not known");
  step.kind = static_cast<Kind>(kind);
  const auto number = line.find("number");
  if (number == line.end() || !number->is_number_unsigned())
    return fail(ErrorKind::invalid, "a step without a number");
  step.number = number->get<std::uint64_t>();
  step.from = text_of(line, "from");
  step.method = text_of(line, "method");
  step.target = text_of(line, "target");
  step.accept = text_of(line, "accept");
  step.body = message;
  return step;
}

std::string HandedReply::encode() const {
  const Json line = {
      {"again", again}, {"status", response.status}, {"type", response.content_type}};
  return dump(line) + "\n" + response.body;
}

Result<HandedReply> HandedReply::decode(std::string_view message) {
  SLUICE_TRY(const Json line, take_line(message));
  const auto again = line.find("again");
  const auto status = line.find("status");
  if (again == line.end() || !again->is_boolean() || status == line.end() ||
      !status->is_number_integer())
    return fail(ErrorKind::invalid, "an answer whose first line is not known");
  HandedReply reply;
  reply.again = again->get<bool>();
  reply.response.status = status->get<int>();
  reply.response.content_type = text_of(line, "type");
  reply.response.body = message;
  return reply;
}

}  // namespace sluice::admin
