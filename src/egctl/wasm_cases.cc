// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_cases.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "egctl/files.h"
#include "egctl/guest/guest_host.h"

namespace sluice::egctl {
namespace {

struct CaseArguments {
  std::string file;
  std::string language;
  std::string cases;
  std::string junit;
};

using Complaints = std::vector<std::string>;

std::string quoted_text(std::string_view text) { return config::quote(text); }

void compare_texts(const std::string& what, const std::string& wanted, const std::string& got,
                   Complaints& faults) {
  if (wanted != got)
    faults.push_back(what + " is " + quoted_text(got) + ", not " + quoted_text(wanted));
}

void check_result(const Expectation& then, const GuestRun& run, Complaints& faults) {
  if (then.result) compare_texts("result", *then.result, run.result, faults);
  if (then.results.empty()) return;
  if (std::ranges::find(then.results, run.result) == then.results.end())
    faults.push_back("result is " + quoted_text(run.result) + ", none of `results`");
}

void check_response(const Expectation& then, const GuestRun& run, Complaints& faults) {
  const bool wants =
      then.status || then.body || !then.body_contains.empty() || !then.headers.empty();
  if (!wants) return;
  if (!run.response) {
    faults.emplace_back("there is no response: the flow goes on");
    return;
  }
  const http::Response& response = *run.response;
  if (then.status && *then.status != response.status) {
    faults.push_back("status is " + std::to_string(response.status) + ", not " +
                     std::to_string(*then.status));
  }
  const std::string_view body = response.body.bytes();
  if (then.body) compare_texts("body", *then.body, std::string(body), faults);
  if (!body.contains(then.body_contains))
    faults.push_back("body is " + quoted_text(body) + ", without " +
                     quoted_text(then.body_contains));
  for (const auto& [name, value] : then.headers) {
    const auto got = response.headers.get(name);
    if (!got) {
      faults.push_back("there is no field " + name);
    } else {
      compare_texts("field " + name, value, std::string(*got), faults);
    }
  }
}

void check_request(const RequestExpectation& wanted, const http::Request& request,
                   Complaints& faults) {
  if (wanted.method) compare_texts("method of the request", *wanted.method, request.method, faults);
  if (wanted.url) compare_texts("url of the request", *wanted.url, request.target(), faults);
  if (wanted.body)
    compare_texts("body of the request", *wanted.body, std::string(request.body.bytes()), faults);
  for (const auto& [name, value] : wanted.headers) {
    const auto got = http::iequals(name, "Host") ? std::optional<std::string_view>(request.host)
                                                 : request.headers.get(name);
    if (!got) {
      faults.push_back("the request has no field " + name);
    } else {
      compare_texts("field " + name + " of the request", value, std::string(*got), faults);
    }
  }
}

void check_data(const Expectation& then, const Data& data, Complaints& faults) {
  for (const auto& [key, value] : then.data) {
    const auto got = data.find(key);
    if (got == data.end()) {
      faults.push_back("there is no key " + quoted_text(key));
    } else {
      compare_texts("key " + quoted_text(key), value, got->second, faults);
    }
  }
  for (const std::string& key : then.absent) {
    if (data.contains(key)) faults.push_back("there is a key " + quoted_text(key));
  }
}

void check_tag(const Expectation& then, const GuestRun& run, Complaints& faults) {
  const auto has = [&](const std::string& tag) { return tag.contains(then.tag); };
  if (then.tag.empty() || std::ranges::any_of(run.tags, has)) return;
  faults.push_back("no tag has " + quoted_text(then.tag) +
                   (run.tags.empty() ? "" : "; the last one is " + quoted_text(run.tags.back())));
}

struct Verdict {
  std::string name;
  Complaints faults;  // none: passed
  Duration took{};
};

Result<Complaints> run_step(GuestHost& host, const Step& step) {
  const GuestRun run = host.run(step.when);
  SLUICE_TRY(const Data data, host.data());
  Complaints faults;
  check_result(step.then, run, faults);
  check_request(step.then.request, run.request, faults);
  check_response(step.then, run, faults);
  check_data(step.then, data, faults);
  check_tag(step.then, run, faults);
  if (!faults.empty()) {
    for (std::string& line : host.take_log()) faults.push_back("log: " + std::move(line));
  }
  return faults;
}

// The data and the guest of a case are its own.
Result<Complaints> run_case(GuestHost& host, GuestSpec spec, const CaseFile& file,
                            const Case& given) {
  spec.timeout = file.timeout;
  spec.parameters = file.parameters;
  for (const auto& [name, value] : given.given.parameters) spec.parameters[name] = value;
  if (auto used = host.use(spec); !used) return std::move(used.error().details);
  SLUICE_CHECK(host.set_data(given.given.data));
  const std::vector<Step> steps = given.all_steps();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    SLUICE_TRY(Complaints faults, run_step(host, steps[i]));
    if (faults.empty()) continue;
    if (steps.size() > 1) {
      for (std::string& fault : faults) fault.insert(0, "step " + std::to_string(i + 1) + ": ");
    }
    return faults;
  }
  return Complaints();
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string in_seconds(Duration duration) {
  return std::to_string(std::chrono::duration<double>(duration).count());
}

std::ptrdiff_t failed_in(const std::vector<Verdict>& verdicts) {
  return std::ranges::count_if(verdicts, [](const auto& v) { return !v.faults.empty(); });
}

// As the tools of continuous integration read it.
std::string junit_of(const std::string& file, const std::vector<Verdict>& verdicts) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"" +
                     xml_text(file) + "\" tests=\"" + std::to_string(verdicts.size()) +
                     "\" failures=\"" + std::to_string(failed_in(verdicts)) + "\">\n";
  for (const Verdict& each : verdicts) {
    text += "  <testcase classname=\"" + xml_text(file) + "\" name=\"" + xml_text(each.name) +
            "\" time=\"" + in_seconds(each.took) + "\">";
    for (const std::string& fault : each.faults)
      text += "<failure message=\"" + xml_text(fault) + "\"/>";
    text += "</testcase>\n";
  }
  return text + "</testsuite>\n";
}

void print_verdict(Invocation& invocation, const Verdict& verdict) {
  invocation.out << (verdict.faults.empty() ? "ok    " : "FAIL  ") << printable(verdict.name)
                 << "\n";
  for (const std::string& fault : verdict.faults) invocation.out << "      " << fault << "\n";
}

Json verdicts_json(const std::vector<Verdict>& verdicts) {
  Json list = Json::array();
  for (const Verdict& each : verdicts) {
    list.push_back({{"name", each.name}, {"passed", each.faults.empty()}, {"faults", each.faults}});
  }
  return list;
}

Result<void> test_program(Invocation& invocation, const CaseArguments& arguments) {
  SLUICE_TRY(const GuestSpec spec, guest_of(arguments.file, arguments.language));
  SLUICE_TRY(const std::string text, read_input(arguments.cases));
  SLUICE_TRY(const auto file, read_spec<CaseFile>(text, arguments.cases));
  SLUICE_TRY(const auto host, GuestHost::open());
  const bool plain = invocation.format() == Output::standard;
  std::vector<Verdict> verdicts;
  for (const Case& each : file.cases) {
    const TimePoint began = Clock::now();
    SLUICE_TRY(Complaints faults, run_case(*host, spec, file, each));
    (void)host->take_log();
    verdicts.push_back({each.name, std::move(faults), Clock::now() - began});
    if (plain) print_verdict(invocation, verdicts.back());
  }
  if (!plain) invocation.print(verdicts_json(verdicts));
  if (!arguments.junit.empty())
    SLUICE_CHECK(write_file(arguments.junit, junit_of(arguments.file, verdicts)));
  const std::ptrdiff_t failed = failed_in(verdicts);
  const std::string all = std::to_string(verdicts.size());
  if (failed > 0)
    return fail(ErrorKind::invalid, std::to_string(failed) + " of " + all + " cases failed");
  if (plain) invocation.out << all << " of " << all << " cases passed\n";
  return {};
}

}  // namespace

void add_wasm_test(Command wasm, Invocation& invocation) {
  const Command command = wasm.add("test", "Run the cases of a file through a program");
  const auto given = std::make_shared<CaseArguments>();
  command.option("FILE", given->file, "a module, or a script (.js, .lua)").required();
  command.option("--cases", given->cases, "the cases: given, when, then")
      .type_name("FILE")
      .required();
  command.option("--junit", given->junit, "write a report for continuous integration, too")
      .type_name("FILE");
  command.option("--language", given->language, kScriptLanguageHelp);
  command.footer(
      "Needs no server. Each case has shared data and a guest of its own. Exit code 1 if a case\n"
      "fails.\n"
      "Example:\n  egctl wasm test sale.wasm --cases cases.yaml --junit report.xml");
  set_action(command, invocation, [given](Invocation& s) { return test_program(s, *given); });
}

}  // namespace sluice::egctl
