// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/check.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admin/api.h"
#include "base/file.h"
#include "base/log.h"
#include "config/value.h"
#include "control/kinds/all.h"
#include "control/validation.h"
#include "filters/all.h"
#include "net/listener.h"
#include "sluice-server/member_tls.h"
#include "sluice-server/reload.h"
#include "store/store.h"
#include "wasm/engine.h"

namespace sluice::server_program {
namespace {

// What builds objects in this process, on a store of its own.
struct Bench {
  std::unique_ptr<wasm::Engine> engine;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<control::ObjectBuilder> builder;
};

Result<Bench> make_bench(const Options& options) {
  constexpr unsigned kCores = 1;
  Bench bench;
  SLUICE_TRY(bench.engine, wasm::Engine::create({.guests_max = options.max_guests}));
  bench.store = store::open_memory_store(kCores);
  SLUICE_TRY(auto filters, filters::all({.engine = *bench.engine,
                                         .store = *bench.store,
                                         .logger = Logger(),
                                         .core_count = kCores,
                                         .offline = true}));
  bench.builder =
      std::make_unique<control::ObjectBuilder>(control::all_kinds(), std::move(filters), kCores);
  return bench;
}

void print(const std::string& line) { std::printf("%s\n", line.c_str()); }

// The objects are known to the next file.
Result<void> check_file(const std::string& file, control::Ground& ground) {
  const auto in_file = [&file](Error error) {
    error.message = "initial-object-config-files: " + file + ": " + error.message;
    return std::unexpected(std::move(error));
  };
  const auto text = read_file(file, config::ParseLimits().bytes_max, FileKind::any);
  if (!text) return in_file(text.error());
  const auto documents = control::objects_in(*text);
  if (!documents) return in_file(documents.error());
  const auto steps = control::validate(*documents, control::ApplyMode::apply, ground);
  if (!steps) return in_file(steps.error());
  for (const control::Step& step : *steps) {
    ground.objects[step.applied.name] = step.proposed.object;
    print(step.applied.kind + " " + step.applied.name + " is valid");
    for (const std::string& warning : step.applied.warnings) print("  Warning: " + warning);
  }
  return {};
}

}  // namespace

Result<void> check_bind_address(const Options& options) {
  if (options.bind_address.empty()) return {};
  const auto free = net::Listener::probe(options.bind_address, 0);
  if (free) return {};
  return fail(free.error().kind, "bind-address: " + free.error().message);
}

Result<void> check(const Options& options) {
  SLUICE_CHECK(admin::check(admin_options(options)));
  SLUICE_CHECK(read_member_tls(options.cluster));
  SLUICE_CHECK(check_bind_address(options));
  print("the configuration is valid");
  if (options.initial_object_config_files.empty()) return {};
  SLUICE_TRY(const Bench bench, make_bench(options));
  control::Ground ground{.builder = *bench.builder};
  for (const std::string& file : options.initial_object_config_files)
    SLUICE_CHECK(check_file(file, ground));
  return {};
}

}  // namespace sluice::server_program
