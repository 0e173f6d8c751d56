// SPDX-License-Identifier: Apache-2.0
// LiveState: the figures of GET /live as they are now, from its events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "egctl/api_client.h"

namespace sluice::egctl {

class LiveState {
 public:
  using Labels = std::vector<std::string>;
  // The values of a figure: of a gauge [value], of a counter [total, rate], of a histogram [count,
  // rate, mean, p50, p99] in seconds.
  using Values = std::vector<double>;
  enum Column : std::size_t { value = 0, rate = 1, mean = 2, p50 = 3, p99 = 4 };

  // The answer to GET /live?once, or the data of an event "all" or "changes".
  void take(const Json& event);

  // 0 for a figure that there is not.
  [[nodiscard]] double get(std::string_view family, const Labels& labels,
                           Column column = value) const;
  // The figures of a family, in the order of their labels.
  [[nodiscard]] const std::map<Labels, Values>& all(std::string_view family) const;
  // Milliseconds since 1970.
  [[nodiscard]] std::int64_t time() const { return time_; }

 private:
  std::int64_t time_ = 0;
  std::map<std::string, std::map<Labels, Values>, std::less<>> families_;
};

// All permits of the WasmHost filter with these labels (pipeline, filter) are given.
[[nodiscard]] bool is_sold_out(const LiveState& live, const LiveState::Labels& filter);

// Calls `show` with the state after each event, or once. Its error ends the stream.
[[nodiscard]] Result<void> follow_live(const ApiClient& client,
                                       const std::function<Result<void>(const LiveState&)>& show);
[[nodiscard]] Result<Json> read_live(const ApiClient& client);

}  // namespace sluice::egctl
