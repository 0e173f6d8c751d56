// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/plugin.h"

#include <algorithm>

#include "base/assert.h"

namespace sluice::filters::proxy_wasm {
namespace {

constexpr std::uint32_t kPluginLinesPerSecond = 100;
constexpr std::size_t kPluginLineBytesMax = 1000;

}  // namespace

Plugin::Plugin(std::shared_ptr<const PluginSetup> its_setup)
    : setup(std::move(its_setup)), lines_(kPluginLinesPerSecond) {}

Stream* Plugin::find(std::uint32_t context) const {
  const auto found = streams.find(context);
  return found != streams.end() ? found->second.get() : nullptr;
}

std::uint32_t Plugin::free_context(std::uint32_t last) const {
  do {
    ++last;
  } while (last <= kRootContext || streams.contains(last));
  return last;
}

void Plugin::log(LogLevel level, std::string_view text) {
  if (!setup->logger.enabled(level)) return;
  const auto suppressed = lines_.pass(Clock::now());
  if (!suppressed) return;
  setup->logger.write(level, setup->name + ": " + std::string(text.substr(0, kPluginLineBytesMax)) +
                                 suppressed_note(*suppressed));
}

std::shared_ptr<const pipeline::Pipeline> Plugin::callable(std::string_view target) {
  SLUICE_ASSERT(core != nullptr, "pipelines run on cores");
  std::shared_ptr<const pipeline::Pipeline> found;
  if (setup->pipelines != nullptr && target != setup->pipeline)
    found = setup->pipelines->pipeline(*core, target);
  if (found == nullptr) {
    log(LogLevel::warn,
        "proxy_http_call: no pipeline \"" + std::string(target) + "\" that this one may call");
  }
  return found;
}

PluginMetric* Plugin::metric(std::uint32_t id) const {
  return id > 0 && id <= metrics_.size() ? metrics_[id - 1] : nullptr;
}

std::uint32_t Plugin::define_metric(MetricKind kind, std::string_view metric_name) {
  PluginMetric* found = setup->metrics->find_or_add(metric_name, kind);
  if (found == nullptr || found->kind != kind) return 0;
  const auto known = std::ranges::find(metrics_, found);
  if (known != metrics_.end()) return static_cast<std::uint32_t>(known - metrics_.begin()) + 1;
  metrics_.push_back(found);
  return static_cast<std::uint32_t>(metrics_.size());
}

}  // namespace sluice::filters::proxy_wasm
