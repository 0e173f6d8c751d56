// SPDX-License-Identifier: Apache-2.0
// Exchange: one request and its response on their way through a pipeline. Core-bound. server/ makes
// one per stream and reuses it for the next request after clear().
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "http/interim.h"
#include "http/message.h"
#include "loop/core.h"
#include "loop/on_core.h"
#include "pipeline/response_side.h"
#include "tracing/request_trace.h"

namespace sluice {
class MemoryHolder;
}
namespace sluice::net {
struct PeerCertificates;
}

namespace sluice::pipeline {

inline constexpr std::string_view kDefaultNamespace = "DEFAULT";
inline constexpr std::size_t kNamespacesMax = 64;                   // of a flow
inline constexpr std::size_t kDataBytesMax = std::size_t{1} << 20;  // Exchange::set_data, together
// A body that a filter reads whole or makes.
inline constexpr std::uint64_t kBuilderBodyBytesMax = std::uint64_t{4} << 20;

class CustomDataSlot;

class Exchange {
 public:
  explicit Exchange(const loop::Core& core);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] const loop::Core& core() const { return core_; }
  [[nodiscard]] loop::EventLoop& loop() const { return core_.loop; }

  // The request of the active namespace; null if that namespace has none.
  [[nodiscard]] http::Request* request();
  // Replaces the request of the active namespace by a fresh one: GET / of the client's host,
  // without fields and body.
  http::Request& new_request();
  // The response of the active namespace; null until a filter has made one.
  [[nodiscard]] http::Response* response();
  // The response of the active namespace; makes one (200, empty) if there is none.
  http::Response& ensure_response();
  // Replaces the response by a fresh one (200, empty).
  http::Response& new_response();
  // Replaces the response by one of the gateway's own (empty), made for `cause`.
  http::Response& gateway_response(int status, http::Cause cause);
  void drop_response();

  // Pipeline only: selects the namespace that the filters see.
  void activate(std::string_view name);
  [[nodiscard]] std::string_view active_namespace() const { return active_->name; }

  // The messages of a namespace, even if another one is active; null: it has none.
  [[nodiscard]] http::Request* request_of(std::string_view name);
  [[nodiscard]] http::Response* response_of(std::string_view name);
  // Calls `visit` with name, request and response of each namespace that was active. Either message
  // may be null.
  template <class Visit>
  void each_namespace(const Visit& visit) {
    for (Space& space : spaces_) {
      visit(std::string_view(space.name), space.has_request ? &space.request : nullptr,
            space.has_response ? &space.response : nullptr);
    }
  }

  // Data for filters that make text: `data` of the pipeline, which runs, under the key PIPELINE,
  // and the values that filters have set in this exchange. Null: none.
  [[nodiscard]] const Json* data_of(std::string_view key) const;
  // Replaces a value. Errors: `too_large` beyond kDataBytesMax for all values; `unavailable` if the
  // memory of the connection or of the process refuses.
  [[nodiscard]] Result<void> set_data(const std::string& key, Json value);
  // Pipeline only; null: none. Outlives the run.
  void set_pipeline_data(const Json* data) { pipeline_data_ = data; }

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
    std::size_t step;           // of the filter, in `steps`
    const Json* pipeline_data;  // of its pipeline
  };
  // Pipeline only: in the order in which they were added.
  [[nodiscard]] const std::vector<AddedSide>& response_sides() const { return sides_; }

  // The client's address as the rules see it (X-Forwarded-For considered), and the address of the
  // connection.
  std::string real_ip;
  std::string peer;  // ip:port

  // The memory account of the client's connection; null: no limit.
  std::shared_ptr<MemoryHolder> memory;
  // The certificates of a client of TLS, of its connection; null: it has shown none. clear() leaves
  // them.
  std::shared_ptr<const net::PeerCertificates> certificates;
  // The custom data of this core; null: there is none. clear() leaves it.
  const CustomDataSlot* custom_data = nullptr;

  // What the rules have found of the path. `path_prefix` is the pathPrefix that matched, else "".
  // `captures` are named parts of the path, by name.
  struct RouteFacts {
    std::string_view path_prefix;
    std::vector<std::pair<std::string, std::string>> captures;
  };
  RouteFacts route;

  // The filters that have run, for the access log. Views into the pipeline, which outlives the
  // exchange's run.
  struct Step {
    std::string_view alias;
    std::string_view result;
    Duration duration;
    TimePoint ended{};
  };
  std::string_view pipeline_name;
  std::vector<Step> steps;
  TimePoint step_began;  // when the current filter began
  // Whether the last flow ended before its last node: at END, or at a result without a jump.
  bool ended_early = false;

  // The trace of the request. Its `step` of a filter that runs is the size of `steps`.
  tracing::RequestTrace trace;

  // Pipeline, before each filter: whether no filter of any flow runs after it, if it returns "".
  bool at_last_node = false;

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

  // The values of set_data().
  struct Data;
  [[nodiscard]] Space* find(std::string_view name);

  const loop::Core& core_;
  [[no_unique_address]] loop::OnCore on_core_;
  std::vector<AddedSide> sides_;  // before the spaces: their bodies may refer to the sides
  std::deque<Space> spaces_;      // the first is DEFAULT; a deque, so that references stay valid
  Space* active_ = nullptr;
  http::InterimSink* interim_ = nullptr;
  std::vector<std::string> tags_;
  const Json* pipeline_data_ = nullptr;
  std::unique_ptr<Data> data_;
};

}  // namespace sluice::pipeline
