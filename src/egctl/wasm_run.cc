// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "egctl/files.h"
#include "egctl/guest/guest_host.h"
#include "filters/wasm_host/spec.h"

namespace sluice::egctl {
namespace {

struct RunArguments {
  std::string file;
  std::string language;
  std::string request;
  std::string url;
  std::string method;
  std::vector<std::string> headers;
  std::string body;
  std::string data;
  std::vector<std::string> parameters;
  std::string timeout = "1s";
  std::string max_memory = "64MiB";
  std::uint64_t repeat = 1;
};

constexpr std::uint64_t kRepeatMax = 10'000'000;

Result<GuestSpec> given_guest(Invocation& invocation, const RunArguments& arguments) {
  SLUICE_TRY(GuestSpec spec, guest_of(arguments.file, arguments.language));
  SLUICE_TRY(spec.parameters, parameters_of(invocation, arguments.parameters));
  const auto timeout = parse_duration(arguments.timeout);
  if (!timeout || *timeout <= Duration::zero())
    return invocation.misuse("--timeout " + arguments.timeout + ": want a duration, such as 100ms");
  spec.timeout = *timeout;
  spec.max_memory = arguments.max_memory;
  return spec;
}

// @FILE, as curl takes it, or the body itself.
Result<std::string> given_body(const std::string& body) {
  if (!body.starts_with('@')) return body;
  return read_input(body.substr(1));
}

// --url, --method, --header and --body come on top of the file of --request.
Result<RequestSpec> given_request(Invocation& invocation, const RunArguments& arguments) {
  RequestSpec request;
  if (!arguments.request.empty()) {
    SLUICE_TRY(const std::string text, read_input(arguments.request));
    SLUICE_TRY(request, read_spec<RequestSpec>(text, arguments.request));
  }
  if (!arguments.url.empty()) request.url = arguments.url;
  for (const std::string& each : arguments.headers) {
    const std::size_t colon = each.find(':');
    if (colon == std::string::npos)
      return invocation.misuse("--header " + each + ": want 'NAME: VALUE'");
    request.given_fields.emplace_back(each.substr(0, colon),
                                      trim_space(std::string_view(each).substr(colon + 1)));
  }
  if (!arguments.body.empty()) {
    SLUICE_TRY(request.body, given_body(arguments.body));
    if (arguments.request.empty()) request.method = "POST";
  }
  if (!arguments.method.empty()) request.method = arguments.method;
  config::Faults faults;
  request.validate("", faults);
  if (!faults.empty()) return invocation.misuse("the request is not right", faults.lines());
  return request;
}

Result<Data> given_data(const RunArguments& arguments) {
  if (arguments.data.empty()) return Data();
  SLUICE_TRY(const std::string text, read_input(arguments.data));
  SLUICE_TRY(const config::Value document, parse_named(text, arguments.data));
  if (document.kind != config::Value::Kind::map)
    return fail(ErrorKind::invalid, arguments.data + ": want a map of keys and texts");
  Data data;
  for (const auto& [key, value] : document.members) {
    if (value.kind != config::Value::Kind::scalar)
      return fail(ErrorKind::invalid,
                  arguments.data + ": " + config::join_path("", key) + ": want a text");
    data[key] = value.scalar;
  }
  return data;
}

Json headers_json(const http::Headers& headers) {
  Json list = Json::array();
  for (const http::Field& field : headers)
    list.push_back({{"name", field.name}, {"value", field.value}});
  return list;
}

Json response_json(const GuestRun& run) {
  if (!run.response) return nullptr;
  return {{"status", run.response->status},
          {"headers", headers_json(run.response->headers)},
          {"body", run.response->body.bytes()}};
}

double micros_of(Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

Json run_json(const RequestSpec& sent, const GuestRun& run, const std::vector<DataChange>& written,
              const std::vector<std::string>& log) {
  Json writes = Json::array();
  for (const DataChange& each : written) {
    writes.push_back({{"key", each.key},
                      {"before", each.before ? Json(*each.before) : Json()},
                      {"after", each.after ? Json(*each.after) : Json()}});
  }
  return {{"result", run.result},
          {"micros", micros_of(run.took)},
          {"request",
           {{"method", run.request.method},
            {"url", run.request.target()},
            {"host", run.request.host},
            {"headers", headers_json(run.request.headers)},
            {"body", run.request.body.bytes()},
            {"changes", request_changes(sent, run.request)}}},
          {"response", response_json(run)},
          {"tags", run.tags},
          {"writes", std::move(writes)},
          {"log", log}};
}

std::string value_text(const Json& value) {
  return value.is_null() ? "(absent)" : value.get<std::string>();
}

std::string run_text(const Json& report) {
  std::vector<Row> rows;
  const auto row = [&](const char* name, const std::string& value) {
    rows.push_back({name, value});
  };
  const std::string result = report["result"];
  row("result", result.empty() ? "\"\": the flow goes on" : result);
  row("time", std::to_string(std::max(1L, std::lround(report["micros"].get<double>()))) + " µs");
  for (const Json& each : report["request"]["changes"]) {
    const std::string text = each;
    std::string_view rest = text;
    while (!rest.empty()) row("request", std::string(take_until(rest, '\n')));
  }
  const Json& response = report["response"];
  if (!response.is_null()) {
    row("status", std::to_string(response["status"].get<int>()));
    for (const Json& each : response["headers"])
      row("header", value_text(each["name"]) + ": " + value_text(each["value"]));
    std::string body = response["body"];
    std::string_view rest = body;
    while (!rest.empty()) row("body", std::string(take_until(rest, '\n')));
  }
  for (const Json& each : report["tags"]) row("tag", value_text(each));
  for (const Json& each : report["writes"])
    row("write", value_text(each["key"]) + ": " + value_text(each["before"]) + " -> " +
                     value_text(each["after"]));
  for (const Json& each : report["log"]) row("log", value_text(each));
  return format_table(rows);
}

// Runs the request until it has run `count` times. Each run sees what the runs before have written.
Json repeat_run(GuestHost& host, const RequestSpec& request, std::uint64_t count) {
  std::vector<Duration> times;
  std::map<std::string, std::uint64_t> results;
  for (std::uint64_t i = 0; i < count; ++i) {
    const GuestRun run = host.run(request);
    times.push_back(run.took);
    ++results[run.result];
  }
  std::ranges::sort(times);
  const auto at = [&](double share) {
    return micros_of(
        times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))]);
  };
  return {{"runs", count},        {"results", results},    {"leastMicros", at(0)},
          {"p50Micros", at(0.5)}, {"p99Micros", at(0.99)}, {"mostMicros", at(1)}};
}

std::string repeat_text(const Json& report) {
  std::string text = std::to_string(report["runs"].get<std::uint64_t>()) + " runs:";
  for (const auto& [result, count] : report["results"].items())
    text +=
        " " + (result.empty() ? "\"\"" : result) + "=" + std::to_string(count.get<std::uint64_t>());
  for (const char* figure : {"least", "p50", "p99", "most"}) {
    std::array<char, 32> number{};
    (void)std::snprintf(number.data(), number.size(), "%.1f",
                        report[std::string(figure) + "Micros"].get<double>());
    text += std::string(", ") + figure + " " + number.data() + " µs";
  }
  return text + "\n";
}

Result<void> run_program(Invocation& invocation, const RunArguments& arguments) {
  if (arguments.repeat == 0 || arguments.repeat > kRepeatMax)
    return invocation.misuse("--repeat wants 1 to " + std::to_string(kRepeatMax));
  SLUICE_TRY(const GuestSpec spec, given_guest(invocation, arguments));
  SLUICE_TRY(const RequestSpec request, given_request(invocation, arguments));
  SLUICE_TRY(const Data before, given_data(arguments));
  SLUICE_TRY(const auto host, GuestHost::open());
  if (auto used = host->use(spec); !used) {
    return fail(ErrorKind::invalid, arguments.file + " would be refused",
                std::move(used.error().details));
  }
  SLUICE_CHECK(host->set_data(before));
  const GuestRun first = host->run(request);
  SLUICE_TRY(const Data after, host->data());
  Json report = run_json(request, first, changes(before, after), host->take_log());
  std::string text = run_text(report);
  if (arguments.repeat > 1) {
    report["repeat"] = repeat_run(*host, request, arguments.repeat);
    text += repeat_text(report["repeat"]);
  }
  invocation.print_or(report, text);
  const Duration usual = filters::WasmHostSpec().timeout;
  if (first.took > usual && spec.timeout > usual)
    invocation.err << "Warning: the run took longer than the " << format_duration(usual)
                   << " that a filter has by default: see its field timeout\n";
  if (!first.failed()) return {};
  return fail(ErrorKind::invalid, "the run ended with " + first.result);
}

}  // namespace

Result<std::map<std::string, std::string>> parameters_of(Invocation& invocation,
                                                         const std::vector<std::string>& given) {
  std::map<std::string, std::string> parameters;
  for (const std::string& each : given) {
    const std::size_t equals = each.find('=');
    if (equals == 0 || equals == std::string::npos)
      return invocation.misuse("--param " + each + ": want NAME=VALUE");
    parameters[each.substr(0, equals)] = each.substr(equals + 1);
  }
  return parameters;
}

void add_wasm_run(Command wasm, Invocation& invocation) {
  const Command command = wasm.add("run", "Run one request through a program, without a server");
  const auto given = std::make_shared<RunArguments>();
  command.option("FILE", given->file, "a module, or a script (.js, .lua), - for standard input")
      .required();
  command.option("--language", given->language, kScriptLanguageHelp);
  command.option("--request", given->request, "a file with method, url, headers, body and address")
      .type_name("FILE");
  command.option("--url", given->url, "in place of that of --request; / by default");
  command.option("-X,--method", given->method, "in place of GET, or of POST with -d");
  command.option("-H,--header", given->headers, "a field of the request: 'NAME: VALUE'").repeated();
  command.option("-d,--body", given->body, "the body of the request, or @FILE").type_name("BODY");
  command.option("--data", given->data, "the shared data before the run, as apply-data takes it")
      .type_name("FILE");
  command.option("-p,--param", given->parameters, "a parameter for wasm_init: NAME=VALUE")
      .repeated();
  command.option("--timeout", given->timeout, "most time of a run").show_default();
  command.option("--max-memory", given->max_memory, "most memory of the guest").show_default();
  command.option("--repeat", given->repeat, "then run it so often, and print the times");
  command.footer(
      "The program runs as in a WasmHost filter, on shared data of its own in memory. Prints the\n"
      "result, what the program has changed of the request, the response, tags, writes and the\n"
      "log. A run that ends with wasmError has exit\n"
      "code 1.\n"
      "Example:\n"
      "  egctl wasm run sale.wasm --url /flashsale -H 'Authorization: user1' \\\n"
      "      -p maxPermission=3 --data users.yaml --repeat 10000");
  set_action(command, invocation, [given](Invocation& s) { return run_program(s, *given); });
}

}  // namespace sluice::egctl
