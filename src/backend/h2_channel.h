// SPDX-License-Identifier: Apache-2.0
// H2Channel: an exchange on a stream of an HTTP/2 connection.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/channel.h"
#include "backend/h2_connection.h"
#include "http/body_memory.h"
#include "http/h2/client_session.h"
#include "loop/event.h"

namespace sluice::backend {

class H2Channel final : public Channel, private http::h2::ClientStream, private H2Exchange {
 public:
  // `silence_max`: the limit of the time in which the backend neither takes nor gives bytes
  // although it could. `kept`: the connection has been used before.
  H2Channel(std::shared_ptr<H2Connection> connection, Duration silence_max, bool kept);
  ~H2Channel() override;

  Task<Outcome<void>> start(http::Request& request, const http::Destination& to, bool keep_body,
                            http::Response& response, http::InterimSink* interim) override;
  Task<Outcome<std::string_view>> read_body() override;
  Outcome<bool> take_ready(std::string& out) override;
  std::unique_ptr<http::Headers> take_trailers() override { return std::move(trailers_); }
  bool has_body() const override { return has_body_; }
  std::optional<std::uint64_t> content_length() const override { return length_; }
  bool may_be_refused() const override { return true; }
  Fate fate(const Failure&) const override { return fate_; }
  void set_deadline(TimePoint when) override { deadline_ = when; }
  void charge_to(std::shared_ptr<MemoryHolder> memory) override { memory_ = std::move(memory); }
  Duration client_time() const override;

 private:
  http::Response& response() override { return *response_; }
  void on_interim() override;
  void on_head(std::optional<std::uint64_t> length, bool ended) override;
  void on_data(std::string_view bytes) override;
  void on_trailers(std::unique_ptr<http::Headers> trailers) override;
  void on_end() override;
  void on_close(http::h2::ErrorCode code) override;
  void on_connection_closed() override;
  http::h2::SessionStream::Offer offer() override { return {offered_.size(), offered_all_}; }
  std::string_view take(std::size_t size) override;
  const http::Headers* trailers() override { return request_trailers_.get(); }

  void open(const http::Request& request, const http::Destination& to);
  Task<void> feed(http::Body body);
  void wait_for_client(bool waits);
  Task<bool> wait();
  void hand_on_interim(http::InterimSink* interim);
  Failure failure(Stage stage);
  [[nodiscard]] bool charge(std::size_t bytes);
  void widen_window();
  [[nodiscard]] bool uploading() const {
    return waits_for_client_ || (feeder_.valid() && !offered_all_) || !offered_.empty();
  }
  void heard() { active_at_ = loop::EventLoop::now(); }

  std::shared_ptr<H2Connection> connection_;
  const Duration silence_max_;
  const bool kept_;
  http::h2::StreamId id_ = 0;  // 0: not open
  TimePoint deadline_ = TimePoint::max();
  TimePoint started_at_;
  TimePoint active_at_;     // the last time when bytes went either way
  TimePoint client_since_;  // while waits_for_client_
  Duration client_time_{};
  loop::Event changed_;  // bytes have arrived, or the end
  loop::Event taken_;    // the offered bytes have been taken
  http::Response* response_ = nullptr;
  std::optional<std::uint64_t> length_;
  std::vector<std::pair<int, http::Headers>> interim_;  // not delivered yet
  std::shared_ptr<MemoryHolder> memory_;                // null: no charge
  std::optional<http::BodyCharge> charge_;  // for incoming_ and chunk_; small ones are not charged
  std::size_t reserved_ = 0;                // the part of the charge for the window
  std::string incoming_;
  std::string chunk_;  // handed out by read_body()
  std::string kept_body_;
  std::string_view offered_;
  std::unique_ptr<http::Headers> request_trailers_;
  std::unique_ptr<http::Headers> trailers_;
  bool offered_all_ = false;
  bool waits_for_client_ = false;  // for a part of the request's body
  bool patient_ = false;           // wait() ignores the deadline because of waits_for_client_
  bool left_upload_ = false;       // closed before the request's body was sent
  bool rejected_ = false;          // closed with an error code that a client can cause
  bool has_head_ = false;
  bool has_body_ = false;
  bool head_method_ = false;
  bool ended_ = false;
  bool closed_ = false;
  bool timed_out_ = false;
  bool silent_ = false;
  bool wide_ = false;       // the window was widened
  bool no_memory_ = false;  // for the received bytes of the response
  Fate fate_ = Fate::unknown;
  std::string why_;                    // the reason for the close
  std::optional<Error> client_error_;  // the reason why the request's body cannot be read
  Task<void> feeder_;                  // last: it uses the others
};

}  // namespace sluice::backend
