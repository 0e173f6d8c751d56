// SPDX-License-Identifier: Apache-2.0
#include "admin/live/figures.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/json_string.h"

namespace sluice::admin {
namespace {

using observe::DurationCounts;
using observe::LabelValues;
using observe::MetricFamily;
using observe::MetricType;

// The family whose sums over the routes the picture shows, too: a reader cannot add quantiles up.
constexpr std::string_view kRouteRequests = "http_server_request_duration_seconds";
constexpr MetricFamily kServerRequests{"sluice_live_requests_seconds", MetricType::histogram,
                                       "Requests of a server by class of status. An empty label: "
                                       "all.",
                                       "seconds", "server,status"};

std::string key_of(LabelValues values) {
  std::string key = "[";
  for (const std::string_view value : values) {
    if (key.size() > 1) key += ',';
    append_json_string(value, key);
  }
  return key + "]";
}

// The sums to which the requests of a route count.
template <class Visit>
void for_each_sum(std::string_view server, std::string_view status, const Visit& visit) {
  for (const std::string_view its_server : {server, std::string_view()}) {
    for (const std::string_view its_status : {status, std::string_view()})
      visit(key_of({its_server, its_status}));
  }
}

// Figures of the whole process, and the sums, are few, and readers go by them.
bool has_place(const MetricFamily& family) {
  return family.labels.empty() || family.name == kServerRequests.name;
}

std::int64_t milliseconds_of(LiveFigures::Moment moment) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(moment.time_since_epoch()).count();
}

// Appends `,` unless `out` has just opened a list or an object.
void separate(std::string& out) {
  if (!out.empty() && out.back() != '{' && out.back() != '[') out += ',';
}

void append_member(std::string_view name, std::string& out) {
  separate(out);
  append_json_string(name, out);
  out += ':';
}

}  // namespace

LiveSeries* LiveFigures::series_of(const MetricFamily& family, std::string key) {
  Family& its = families_.try_emplace(family.name, Family{&family}).first->second;
  auto found = its.series.find(key);
  if (found == its.series.end()) {
    if (series_ >= kSeriesMax && !has_place(family)) {
      ++left_out_now_;
      return nullptr;
    }
    ++series_;
    found = its.series.try_emplace(std::move(key), family.type).first;
  }
  return &found->second.figure;
}

void LiveFigures::add(const MetricFamily& family, const observe::MetricLabels& labels, double value,
                      std::string_view suffix) {
  if (!suffix.empty()) return;  // parts of a summary, which the picture does not show
  std::string key = "[";
  for (const auto& [name, its] : labels) {
    separate(key);
    append_json_string(its, key);
  }
  if (LiveSeries* series = series_of(family, key + "]")) series->add(value);
}

void LiveFigures::sample(const MetricFamily& family, LabelValues values, double value) {
  if (LiveSeries* series = series_of(family, key_of(values))) series->add(value);
}

void LiveFigures::quantile(const MetricFamily& family, LabelValues values,
                           std::string_view quantile, double value) {
  std::string key = key_of(values);
  key.pop_back();
  separate(key);
  append_json_string(quantile, key);
  LiveSeries* series = series_of(family, key + "]");
  if (series == nullptr) return;
  series->add(value);
  families_.at(family.name).with_quantile = true;
}

void LiveFigures::histogram(const MetricFamily& family, LabelValues values,
                            const DurationCounts& counts) {
  if (LiveSeries* series = series_of(family, key_of(values))) series->add(counts);
  if (family.name == kRouteRequests) add_requests(values, counts);
}

// `values`: server, route, pipeline, status.
void LiveFigures::add_requests(LabelValues values, const DurationCounts& counts) {
  const std::string_view server = *values.begin();
  const std::string_view status = *std::prev(values.end());
  for_each_sum(server, status, [&](std::string sum) {
    if (LiveSeries* series = series_of(kServerRequests, std::move(sum))) series->add(counts);
  });
}

void LiveFigures::retire_routes() {
  const auto family = families_.find(kRouteRequests);
  if (family == families_.end()) return;
  for (const auto& [key, series] : family->second.series) {
    if (series.figure.is_given()) continue;
    const Json labels = Json::parse(key);
    const auto server = labels.front().get<std::string>();
    const auto status = labels.back().get<std::string>();
    for_each_sum(server, status,
                 [&](std::string sum) { retired_[std::move(sum)].add(series.figure.counted()); });
  }
}

// Those of a server that is there. With a server, its sums go; the sums of all stay.
void LiveFigures::add_retired() {
  for (auto at = retired_.begin(); at != retired_.end();) {
    LiveSeries* sum = series_of(kServerRequests, at->first);
    const bool of_all = at->first.starts_with("[\"\",");
    if (sum != nullptr && (of_all || sum->is_given())) {
      sum->add(at->second);
      ++at;
    } else {
      at = retired_.erase(at);
    }
  }
}

void LiveFigures::end_family(Family& family, double seconds) {
  family.gone.clear();
  family.is_new = std::exchange(family.first_pass, false);
  // Of routes there are many, and their sums have a past.
  LivePastBudget none{.columns = LivePastBudget::kColumnsMax};
  LivePastBudget& budget = family.declared->name == kRouteRequests ? none : budget_;
  for (auto at = family.series.begin(); at != family.series.end();) {
    Series& series = at->second;
    if (!series.figure.is_given()) {
      series.figure.release(budget);
      family.gone.push_back(at->first);
      at = family.series.erase(at);
      --series_;
      continue;
    }
    const bool moved = series.figure.end(pass_, seconds, budget);
    const bool is_new = std::exchange(series.is_new, false) && !series.figure.is_silent();
    series.changed = moved || is_new;
    ++at;
  }
}

void LiveFigures::end(Moment now, double seconds) {
  ++pass_;
  now_ = now;
  times_[pass_ % kLivePast] = milliseconds_of(now);
  retire_routes();
  add_retired();
  for (auto& [name, family] : families_) end_family(family, seconds);
  left_out_ = std::exchange(left_out_now_, 0);
}

void LiveFigures::append_moment(std::string& out) const {
  append_member("time", out);
  out += std::to_string(milliseconds_of(now_));
  append_member("number", out);
  out += std::to_string(pass_);
  append_member("leftOut", out);
  out += std::to_string(left_out_);
}

void LiveFigures::append_declarations(bool only_new, std::string& out) const {
  append_member("families", out);
  out += '{';
  for (const auto& [name, family] : families_) {
    if (only_new && !family.is_new) continue;
    append_member(name, out);
    out += '{';
    append_member("type", out);
    append_json_string(to_string(family.declared->type), out);
    append_member("unit", out);
    append_json_string(family.declared->unit, out);
    append_member("labels", out);
    std::string labels(family.declared->labels);
    if (family.with_quantile) labels += labels.empty() ? "quantile" : ",quantile";
    append_json_string(labels, out);
    out += '}';
  }
  out += '}';
}

void LiveFigures::append_all(std::string& out) const {
  append_moment(out);
  append_declarations(false, out);
  append_member("figures", out);
  out += '{';
  for (const auto& [name, family] : families_) {
    append_member(name, out);
    out += '[';
    for (const auto& [key, series] : family.series) {
      if (series.figure.is_silent()) continue;
      separate(out);
      out.append("[").append(key);
      series.figure.append_shown(out);
      out += ']';
    }
    out += ']';
  }
  out += '}';
}

void LiveFigures::append_changes(std::string& out) const {
  append_moment(out);
  append_declarations(true, out);
  append_member("figures", out);
  out += '{';
  for (const auto& [name, family] : families_) {
    std::string rows = "[";
    for (const auto& [key, series] : family.series) {
      if (!series.changed) continue;
      separate(rows);
      rows.append("[").append(key);
      series.figure.append_shown(rows);
      rows += ']';
    }
    if (rows.size() == 1) continue;
    append_member(name, out);
    out += rows + "]";
  }
  out += '}';
  append_member("gone", out);
  out += '{';
  for (const auto& [name, family] : families_) {
    if (family.gone.empty()) continue;
    append_member(name, out);
    out += '[';
    for (const std::string& key : family.gone) {
      separate(out);
      out += key;
    }
    out += ']';
  }
  out += '}';
}

void LiveFigures::append_past(const std::set<std::string, std::less<>>& names,
                              std::string& out) const {
  const auto samples = static_cast<std::size_t>(std::min<std::uint64_t>(pass_, kLivePast));
  append_member("times", out);
  out += '[';
  for (std::size_t age = samples; age-- > 0;) {
    separate(out);
    out += std::to_string(times_[(pass_ - age) % kLivePast]);
  }
  out += ']';
  std::size_t rows = 0;
  std::size_t left_out = 0;
  append_member("figures", out);
  out += '{';
  for (const auto& [name, family] : families_) {
    if (!names.empty() && !names.contains(name)) continue;
    append_member(name, out);
    out += '[';
    for (const auto& [key, series] : family.series) {
      if (!series.figure.has_past()) continue;
      if (++rows > kPastSeriesMax) {
        ++left_out;
        continue;
      }
      separate(out);
      out.append("[").append(key);
      series.figure.append_past(pass_, samples, out);
      out += ']';
    }
    out += ']';
  }
  out += '}';
  append_member("leftOut", out);
  out += std::to_string(left_out);
}

}  // namespace sluice::admin
