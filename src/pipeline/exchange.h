// SPDX-License-Identifier: Apache-2.0
// Exchange: one request and its response on their way through a pipeline. Core-bound. server/ makes
// one per stream and reuses it for the next request after clear().
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/interim.h"
#include "http/message.h"
#include "loop/core.h"
#include "loop/on_core.h"
#include "pipeline/response_side.h"

namespace sluice {
class MemoryHolder;
}

namespace sluice::pipeline {

inline constexpr std::string_view kDefaultNamespace = "DEFAULT";

class Exchange {
 public:
  explicit Exchange(const loop::Core& core) : core_(core), on_core_(core.loop) { clear(); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] const loop::Core& core() const { return core_; }
  [[nodiscard]] loop::EventLoop& loop() const { return core_.loop; }

  // The request of the active namespace; null if that namespace has none.
  [[nodiscard]] http::Request* request();
  // The response of the active namespace; null until a filter has made one.
  [[nodiscard]] http::Response* response();
  // The response of the active namespace; makes one (200, empty) if there is none.
  http::Response& ensure_response();
  // Replaces the response by a fresh one (200, empty).
  http::Response& new_response();
  void drop_response();

  // Pipeline only: selects the namespace that the filters see.
  void activate(std::string_view name);
  [[nodiscard]] std::string_view active_namespace() const { return active_->name; }

  // The messages of namespace DEFAULT, even if another one is active.
  [[nodiscard]] http::Request& client_request() { return spaces_.front().request; }
  [[nodiscard]] http::Response* client_response() {
    return spaces_.front().has_response ? &spaces_.front().response : nullptr;
  }

  // The sink of the client's interim responses; null if the client wants none. Filters of another
  // namespace than DEFAULT get null, because their exchanges are not the client's.
  [[nodiscard]] http::InterimSink* interim() const {
    return active_ == &spaces_.front() ? interim_ : nullptr;
  }
  // The server, before the pipeline runs. `sink` outlives the run.
  void set_interim(http::InterimSink* sink) { interim_ = sink; }

  // For a filter, during handle(): registers `side` to respond once the flow has ended. If this
  // filter is the last that ran, `side` does not respond: a filter that answers does not see its
  // own response.
  void add_response_side(std::unique_ptr<ResponseSide> side);
  struct AddedSide {
    std::unique_ptr<ResponseSide> side;
    std::string_view filter_namespace;
    std::size_t step;  // of the filter, in `steps`
  };
  // Pipeline only: in the order in which they were added.
  [[nodiscard]] const std::vector<AddedSide>& response_sides() const { return sides_; }

  // The client's address as the rules see it (X-Forwarded-For considered), and the address of the
  // connection.
  std::string real_ip;
  std::string peer;  // ip:port

  // The memory account of the client's connection; null: no limit.
  std::shared_ptr<MemoryHolder> memory;

  // The filters that have run, for the access log. Views into the pipeline, which outlives the
  // exchange's run.
  struct Step {
    std::string_view alias;
    std::string_view result;
    Duration duration;
  };
  std::string_view pipeline_name;
  std::vector<Step> steps;
  TimePoint step_began;  // when the current filter began

  // Goes to the access log line; control characters are escaped there.
  void add_tag(std::string tag) { tags_.push_back(std::move(tag)); }
  [[nodiscard]] const std::vector<std::string>& tags() const { return tags_; }
  std::vector<std::string>& tags() { return tags_; }

  // Resets to the state after construction; keeps memory.
  void clear();

 private:
  struct Space {
    std::string name;
    http::Request request;
    http::Response response;
    bool has_request = false;
    bool has_response = false;
  };

  const loop::Core& core_;
  [[no_unique_address]] loop::OnCore on_core_;
  std::vector<AddedSide> sides_;  // before the spaces: their bodies may refer to the sides
  std::deque<Space> spaces_;      // the first is DEFAULT; a deque, so that references stay valid
  Space* active_ = nullptr;
  http::InterimSink* interim_ = nullptr;
  std::vector<std::string> tags_;
};

}  // namespace sluice::pipeline
