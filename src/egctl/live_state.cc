// SPDX-License-Identifier: Apache-2.0
#include "egctl/live_state.h"

#include <chrono>
#include <nlohmann/json.hpp>

namespace sluice::egctl {
namespace {

constexpr std::string_view kData = "data: ";
// An event has at most 8,192 figures.
constexpr std::size_t kEventBytesMax = std::size_t{16} << 20;
// Events come every second.
constexpr std::chrono::seconds kSilenceMax{10};

LiveState::Labels labels_of(const Json& list) {
  LiveState::Labels labels;
  for (const Json& label : list)
    labels.push_back(label.is_string() ? label.get<std::string>() : "");
  return labels;
}

LiveState::Values values_of(const Json& row) {
  LiveState::Values values;
  for (std::size_t i = 1; i < row.size(); ++i)
    values.push_back(row[i].is_number() ? row[i].get<double>() : 0);
  return values;
}

// The data of events, out of pieces of a stream.
class LiveLines {
 public:
  Result<void> take(std::string_view piece, const std::function<Result<void>(const Json&)>& give) {
    if (begun_.size() + piece.size() > kEventBytesMax)
      return fail(ErrorKind::too_large, "the server sends an event without an end");
    begun_ += piece;
    std::size_t begin = 0;
    for (auto end = begun_.find('\n'); end != std::string::npos; end = begun_.find('\n', begin)) {
      const std::string_view line = std::string_view(begun_).substr(begin, end - begin);
      begin = end + 1;
      if (!line.starts_with(kData)) continue;
      const Json data = Json::parse(line.substr(kData.size()), nullptr, false);
      if (data.is_object()) SLUICE_CHECK(give(data));
    }
    begun_.erase(0, begin);
    return {};
  }

 private:
  std::string begun_;
};

}  // namespace

bool is_sold_out(const LiveState& live, const LiveState::Labels& filter) {
  return live.all("sluice_data_limit_keys").contains(filter) &&
         live.get("sluice_data_limit_used_keys", filter) >=
             live.get("sluice_data_limit_keys", filter);
}

void LiveState::take(const Json& event) {
  time_ = event.value("time", time_);
  const Json figures = event.value("figures", Json::object());
  for (const auto& [family, rows] : figures.items()) {
    for (const Json& row : rows) {
      if (row.is_array() && !row.empty()) families_[family][labels_of(row[0])] = values_of(row);
    }
  }
  const Json gone = event.value("gone", Json::object());
  for (const auto& [family, keys] : gone.items()) {
    for (const Json& key : keys) families_[family].erase(labels_of(key));
  }
}

double LiveState::get(std::string_view family, const Labels& labels, Column column) const {
  const auto& figures = all(family);
  const auto found = figures.find(labels);
  return found == figures.end() || found->second.size() <= column ? 0 : found->second[column];
}

const std::map<LiveState::Labels, LiveState::Values>& LiveState::all(
    std::string_view family) const {
  static const std::map<Labels, Values> kNone;
  const auto found = families_.find(family);
  return found == families_.end() ? kNone : found->second;
}

Result<void> follow_live(const ApiClient& client,
                         const std::function<Result<void>(const LiveState&)>& show) {
  LiveState state;
  LiveLines lines;
  const auto take = [&](const Json& event) {
    state.take(event);
    return show(state);
  };
  SLUICE_CHECK(
      client.stream({.path = "/live", .accept = "text/event-stream", .silence_max = kSilenceMax},
                    [&](std::string_view piece) { return lines.take(piece, take); }));
  return fail(ErrorKind::unavailable, "the server has ended the stream");
}

Result<Json> read_live(const ApiClient& client) { return client.json({.path = "/live?once"}); }

}  // namespace sluice::egctl
