// SPDX-License-Identifier: Apache-2.0
#include "admin/member_report.h"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "control/controller.h"

namespace sluice::admin {
namespace {

constexpr std::chrono::seconds kReportPeriod{2};
constexpr std::chrono::seconds kClockPeriod{30};
constexpr std::size_t kReasonBytesMax = 300;  // of an object that does not run
constexpr std::size_t kNamedMax = 20;         // objects that do not run; likewise certificates

// The number of running objects, and which others there are.
Json describe_objects(const control::Controller& controller) {
  std::size_t running = 0;
  std::size_t building = 0;
  std::size_t failed = 0;
  Json failures = Json::array();
  for (const Json& spec : controller.list()) {
    const auto name = spec.value("name", std::string());
    const auto status = controller.status(name);
    if (!status) continue;  // it has just been deleted
    const auto state = status->value("state", std::string());
    running += state == "running" ? 1 : 0;
    building += state == "building" ? 1 : 0;
    if (state != "failed") continue;
    ++failed;
    const auto reason = status->value("error", std::string());
    if (failures.size() < kNamedMax)
      failures.push_back({{"kind", spec.value("kind", std::string())},
                          {"name", name},
                          {"error", reason.substr(0, kReasonBytesMax)}});
  }
  return {{"running", running}, {"building", building}, {"failed", failed}, {"failures", failures}};
}

const char* word_for(net::CertificateState state) {
  switch (state) {
    case net::CertificateState::ended:
      return "expired";
    case net::CertificateState::ends_soon:
      return "expires soon";
    case net::CertificateState::valid:
      break;
  }
  return "valid";
}

// The certificates that end first.
Json describe_certificates(const control::Controller& controller) {
  const auto now = std::chrono::system_clock::now();
  Json list = Json::array();
  for (const net::CertificateEnd& one : controller.certificates()) {
    if (list.size() == kNamedMax) break;
    list.push_back({{"source", one.place},
                    {"subject", one.subject},
                    {"expires", net::end_text(one)},
                    {"state", word_for(net::state_of(one, now))}});
  }
  return list;
}

// Namespace -> why this member can neither own nor follow it.
Json describe_unreadable(control::Controller& controller, const std::vector<std::string>& names) {
  Json unreadable = Json::object();
  for (const std::string& ns : names) {
    const auto status = controller.store().status(ns);
    if (!status.trouble.empty() && unreadable.size() < kNamedMax)
      unreadable[ns] = status.trouble.substr(0, kReasonBytesMax);
  }
  return unreadable;
}

}  // namespace

std::vector<std::string> namespaces_here(const Context& context) {
  std::vector<std::string> names;
  for (const Json& object : context.controller.list()) {
    for (const Json& filter : object.value("filters", Json::array())) {
      auto ns =
          context.controller.data_namespace(object.value("name", ""), filter.value("name", ""));
      if (ns) names.push_back(*std::move(ns));
    }
  }
  return names;
}

const char* role_of(const Context& context) {
  return context.controller.store().is_shared() ? "member" : "single";
}

Json describe_this_member(const Context& context) {
  const auto start_options = context.start_options.load();
  Json options = start_options->is_object() ? *start_options : Json::object();
  options["name"] = context.options.member_name;
  options["cluster-role"] = role_of(context);
  options["api-addr"] = context.options.address;
  Json report = {{"options", std::move(options)},
                 {"startTime", format_rfc3339_ms(context.started)},
                 {"version", SLUICE_VERSION},
                 {"health", context.controller.health()},
                 {"objects", describe_objects(context.controller)}};
  if (Json unreadable = describe_unreadable(context.controller, namespaces_here(context));
      !unreadable.empty())
    report["unreadable"] = std::move(unreadable);
  report["certificates"] = describe_certificates(context.controller);
  if (const auto clock = context.clock.load()) report["clock"] = clock->to_json();
  return report;
}

std::vector<ClockReading> clocks_in(const std::vector<store::Store::Note>& notes) {
  std::vector<ClockReading> clocks;
  for (const auto& note : notes) {
    const Json report = Json::parse(note.value, nullptr, false);
    if (!report.is_object()) continue;
    if (auto clock = ClockReading::from_json(report.value("clock", Json())))
      clocks.push_back(*std::move(clock));
  }
  return clocks;
}

MemberReport::MemberReport(Context& context) : context_(context) {
  if (!context.controller.store().is_shared()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void MemberReport::work(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    tell();
    if (Clock::now() >= next_clock_) {
      next_clock_ = Clock::now() + kClockPeriod;
      look_at_clock();
      tell();
    }
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, kReportPeriod, [] { return false; });
  }
}

// The store writes it only if it differs from the last one.
void MemberReport::tell() {
  const std::string text =
      describe_this_member(context_).dump(-1, ' ', false, Json::error_handler_t::replace);
  context_.controller.store().set_note(std::string(kMemberNotes) + "info", text);
}

void MemberReport::look_at_clock() {
  store::Store& store = context_.controller.store();
  const auto members = store.members();
  if (members) {
    context_.lacks_cluster_addr =
        members->size() > 1 && std::ranges::any_of(*members, [](const auto& member) {
          return member.me && member.address.empty();
        });
  }
  auto reading = members ? read_clock(*members, *context_.link) : std::nullopt;
  if (!reading) return;
  const auto before = context_.clock.load();
  if (!before || !before->agrees_with(*reading))
    context_.clock.store(std::make_shared<const ClockReading>(*reading));
  // The reference cannot be right for sure, so it looks at all.
  std::string warning;
  const bool is_far = std::chrono::abs(reading->offset) > kClockOffsetMax;
  if (is_far || reading->reference == context_.options.member_name) {
    tell();
    const auto notes = store.notes(kMemberNotes);
    if (notes) warning = clock_warning(*reading, clocks_in(*notes));
  }
  const auto told = context_.clock_warning.load();
  if (!warning.empty() && (!told || told->empty())) context_.logger.warn(warning);
  context_.clock_warning.store(std::make_shared<const std::string>(std::move(warning)));
}

}  // namespace sluice::admin
