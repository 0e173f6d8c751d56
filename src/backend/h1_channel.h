// SPDX-License-Identifier: Apache-2.0
// H1Channel: an exchange on an HTTP/1.1 connection of its own, which goes back to the idle ones.
#pragma once

#include <memory>
#include <utility>

#include "backend/channel.h"
#include "backend/h1_connection.h"
#include "backend/idle_connections.h"

namespace sluice::backend {

class H1Channel final : public Channel {
 public:
  // `kept`: the connection has been used before.
  H1Channel(std::weak_ptr<IdleConnections> idle, std::size_t server,
            std::unique_ptr<H1Connection> connection, bool kept)
      : idle_(std::move(idle)), server_(server), connection_(std::move(connection)), kept_(kept) {}
  ~H1Channel() override {
    if (const auto idle = idle_.lock()) idle->put(server_, std::move(connection_));
  }

  Task<Outcome<void>> start(http::Request& request, const http::Destination& to, bool keep_body,
                            http::Response& response, http::InterimSink* interim) override {
    return connection_->start(request, to, keep_body, response, interim);
  }
  Task<Outcome<std::string_view>> read_body() override { return connection_->read_body(); }
  Outcome<bool> take_ready(std::string& out) override { return connection_->take_ready(out); }
  std::unique_ptr<http::Headers> take_trailers() override { return connection_->take_trailers(); }
  bool has_body() const override { return connection_->has_body(); }
  std::optional<std::uint64_t> content_length() const override {
    return connection_->content_length();
  }
  bool may_be_refused() const override { return false; }
  Fate fate(const Failure& failure) const override {
    const bool dead = failure.error.kind == ErrorKind::closed && !connection_->answered();
    return kept_ && dead ? Fate::unanswered : Fate::unknown;
  }
  void set_deadline(TimePoint when) override { connection_->set_deadline(when); }
  Duration client_time() const override { return connection_->client_time(); }

 private:
  std::weak_ptr<IdleConnections> idle_;
  std::size_t server_;
  std::unique_ptr<H1Connection> connection_;
  bool kept_;
};

}  // namespace sluice::backend
