// SPDX-License-Identifier: Apache-2.0
#include "egctl/guest/guest_host.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>
#include <utility>

#include "base/descriptor.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/text.h"
#include "egctl/files.h"
#include "filters/proxy_wasm/proxy_wasm.h"
#include "filters/wasm_host/code.h"
#include "filters/wasm_host/script.h"
#include "filters/wasm_host/wasm_host.h"
#include "loop/event_loop.h"
#include "pipeline/exchange.h"
#include "wasm/module.h"

namespace sluice::egctl {
namespace {

constexpr const char* kPipeline = "offline";
constexpr const char* kFilter = "wasm";
constexpr std::size_t kPage = 1000;
constexpr std::string_view kBuiltin = "builtin:";

std::string space() { return std::string(kPipeline) + "/" + kFilter; }

// The lines of a Logger, in memory.
class LogLines {
 public:
  LogLines()
      : file_(::memfd_create("log", MFD_CLOEXEC)),
        logger_(Logger::open("/proc/self/fd/" + std::to_string(file_.get()), true)) {}

  [[nodiscard]] const Logger& logger() const { return logger_; }

  // The logger's thread writes in order, so all lines before the mark are there once the mark is.
  std::vector<std::string> take() {
    // The program does not know it, so no line of its own is taken for it.
    std::random_device random;
    const std::string mark = "end of run " + std::to_string(random()) + std::to_string(random());
    logger_.info(mark);
    logger_.flush();
    std::size_t end = std::string::npos;
    while ((end = text_.find(mark)) == std::string::npos) {
      if (!read_more()) std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    std::vector<std::string> lines;
    std::string_view before = std::string_view(text_).substr(0, text_.rfind('\n', end) + 1);
    while (!before.empty()) {
      std::string_view line = take_until(before, '\n');
      (void)take_until(line, '\t');  // the time
      std::string shown(take_until(line, '\t'));
      lines.push_back(shown.append(" ").append(line));
    }
    text_.clear();  // the mark and its line break are the last
    return lines;
  }

 private:
  bool read_more() {
    std::array<char, 4096> piece{};
    const ssize_t size = ::pread(file_.get(), piece.data(), piece.size(), read_);
    if (size <= 0) return false;
    read_ += size;
    text_.append(piece.data(), static_cast<std::size_t>(size));
    return true;
  }

  Descriptor file_;
  Logger logger_;
  off_t read_ = 0;
  std::string text_;
};

std::string_view language_of(const std::string& file) {
  if (file.ends_with(".js") || file.ends_with(".mjs")) return "javascript";
  return file.ends_with(".lua") ? "lua" : "";
}

const char* kind_name(wasm::ExternKind kind) {
  switch (kind) {
    case wasm::ExternKind::function:
      return "function";
    case wasm::ExternKind::memory:
      return "memory";
    case wasm::ExternKind::shared_memory:
      return "shared memory";
    case wasm::ExternKind::global:
      return "global";
    case wasm::ExternKind::table:
      return "table";
    case wasm::ExternKind::other:
      break;
  }
  return "other";
}

}  // namespace

Result<GuestSpec> guest_of(const std::string& file, const std::string& language) {
  const std::string_view spoken = language.empty() ? language_of(file) : language;
  GuestSpec spec;
  if (file != "-") {
    if (!file_exists(file)) return fail(ErrorKind::not_found, "no such file: " + file);
    spec.code = std::filesystem::absolute(file).string();
  } else {
    SLUICE_TRY(spec.code, read_input(file));
    if (spoken.empty()) spec.code = base64_encode(spec.code);
  }
  if (spoken.empty()) return spec;
  const auto known = filters::script_languages();
  if (std::ranges::find(known, spoken) == known.end()) {
    std::string names;
    for (const std::string_view each : known)
      names += (names.empty() ? "" : " or ") + std::string(each);
    return fail(ErrorKind::invalid,
                "no engine runs \"" + std::string(spoken) + "\": --language takes " + names);
  }
  spec.script = std::exchange(spec.code, std::string(kBuiltin) + std::string(spoken));
  return spec;
}

// The order is that of construction: what is later uses what is earlier.
struct GuestHost::Parts {
  LogLines log;
  loop::EventLoop loop;
  loop::Core core{loop, 0, 1};
  std::unique_ptr<wasm::Engine> engine;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<pipeline::FilterKind> kind;
  std::unique_ptr<pipeline::FilterKind> plugin_kind;
  std::shared_ptr<const pipeline::FilterPrototype> prototype;
  std::unique_ptr<pipeline::Filter> filter;
};

GuestHost::GuestHost() : parts_(std::make_unique<Parts>()) {}
GuestHost::~GuestHost() = default;

Result<std::unique_ptr<GuestHost>> GuestHost::open() {
  std::unique_ptr<GuestHost> host(new GuestHost);
  Parts& parts = *host->parts_;
  SLUICE_TRY(parts.engine, wasm::Engine::create({}));
  parts.store = store::open_memory_store(1);
  SLUICE_TRY(parts.kind,
             filters::make_wasm_host_kind(*parts.engine, *parts.store, parts.log.logger(), 1));
  SLUICE_TRY(parts.plugin_kind,
             filters::make_proxy_wasm_kind(*parts.engine, *parts.store, parts.log.logger(), 1));
  return host;
}

Result<void> GuestHost::use(const GuestSpec& spec) {
  const Json document = {{"name", kFilter},
                         {"kind", "WasmHost"},
                         {"maxConcurrency", 1},
                         {"code", spec.code},
                         {"script", spec.script},
                         {"timeout", format_duration(spec.timeout)},
                         {"maxMemory", spec.max_memory},
                         {"parameters", spec.parameters}};
  auto built = build(*parts_->kind, document);
  if (!built && spec.script.empty() && built.error().message.contains("It is text"))
    built.error().details.emplace_back(
        "egctl runs a script whose name ends in .js, .mjs or .lua, "
        "or with --language javascript or lua");
  if (!built && built.error().message.contains(filters::kIsPlugin))
    built.error().details.emplace_back("egctl wasm run and test take programs of WasmHost only");
  return built;
}

Result<void> GuestHost::use_plugin(const GuestSpec& spec) {
  Json document = {{"name", kFilter},
                   {"kind", "ProxyWasm"},
                   {"code", spec.code},
                   {"timeout", format_duration(spec.timeout)},
                   {"maxMemory", spec.max_memory}};
  if (spec.configuration) document["configuration"] = *spec.configuration;
  return build(*parts_->plugin_kind, document);
}

Result<void> GuestHost::build(const pipeline::FilterKind& kind, const Json& document) {
  SLUICE_TRY(const config::Value value, config::parse_document(document.dump()));
  pipeline::FilterContext context;
  context.pipeline = kPipeline;
  context.name = kFilter;
  config::Faults faults;
  parts_->filter.reset();
  parts_->prototype = kind.build(value, context, faults);
  if (!parts_->prototype) return std::unexpected(faults.to_error());
  parts_->filter = parts_->prototype->instantiate(parts_->core);
  return {};
}

Result<void> GuestHost::set_data(const Data& data) {
  SLUICE_CHECK(parts_->store->prepare(space()));
  SLUICE_TRY(const auto import, parts_->store->begin_import(space()));
  import->replace_all();
  for (const auto& [key, value] : data) SLUICE_CHECK(import->add(key, value));
  return import->commit();
}

Result<Data> GuestHost::data() const {
  Data data;
  std::string after;
  while (true) {
    SLUICE_TRY(const store::Page page, parts_->store->list(space(), "", after, kPage));
    for (const store::Entry& entry : page.entries) data.emplace(entry.key, entry.value);
    if (!page.more) return data;
    after = page.entries.back().key;
  }
}

GuestRun GuestHost::run(const RequestSpec& spec) {
  pipeline::Exchange exchange(parts_->core);
  spec.write_to(exchange.client_request());
  exchange.real_ip = spec.address;
  exchange.peer = spec.address + ":0";
  GuestRun run;
  const auto handle = [](Parts& parts, pipeline::Exchange& its, GuestRun& out) -> Task<void> {
    const TimePoint began = Clock::now();
    out.result = co_await parts.filter->handle(its);
    out.took = Clock::now() - began;
    parts.loop.stop();
  };
  parts_->loop.post([&] { parts_->loop.spawn(handle(*parts_, exchange, run)); });
  parts_->loop.run();
  run.request = std::move(exchange.client_request());
  if (http::Response* response = exchange.client_response(); response != nullptr)
    run.response = std::move(*response);
  run.tags = std::move(exchange.tags());
  return run;
}

std::vector<std::string> GuestHost::take_log() { return parts_->log.take(); }

Json GuestHost::describe(const std::string& bytes, std::string& fault) const {
  const auto module = wasm::Module::compile(*parts_->engine, bytes);
  if (!module) {
    fault = module.error().message;
    return nullptr;
  }
  const bool component = (*module)->component() != nullptr;
  Json imports = Json::array();
  for (const wasm::Import& each : (*module)->imports())
    imports.push_back({{"module", each.module}, {"name", each.name}});
  Json exports = Json::array();
  std::uint64_t memory = 0;
  for (const wasm::Export& each : (*module)->exports()) {
    Json one = {{"name", each.name}, {"kind", kind_name(each.kind)}};
    if (each.kind == wasm::ExternKind::function && !component)
      one["signature"] = to_string(each.signature);
    memory = std::max(memory, each.memory_bytes);
    exports.push_back(std::move(one));
  }
  Json found = {
      {"component", component}, {"imports", std::move(imports)}, {"exports", std::move(exports)}};
  if (!component) found["memoryBytes"] = memory;  // a component hides its own
  return found;
}

std::vector<DataChange> changes(const Data& before, const Data& after) {
  std::vector<DataChange> list;
  for (const auto& [key, value] : before) {
    const auto now = after.find(key);
    if (now == after.end()) {
      list.push_back({key, value, std::nullopt});
    } else if (now->second != value) {
      list.push_back({key, value, now->second});
    }
  }
  for (const auto& [key, value] : after) {
    if (!before.contains(key)) list.push_back({key, std::nullopt, value});
  }
  std::ranges::sort(list, {}, &DataChange::key);
  return list;
}

}  // namespace sluice::egctl
