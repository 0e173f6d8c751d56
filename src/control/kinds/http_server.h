// SPDX-License-Identifier: Apache-2.0
// Objects of the kind HTTPServer.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "control/object.h"
#include "control/object_kind.h"
#include "server/snapshot.h"
#include "tracing/environment.h"
#include "tracing/exporter.h"

namespace sluice::control {

// The parts of tracing that the servers of a process share.
struct TracingServices {
  tracing::Environment environment{};
  Logger logger{};
  std::shared_ptr<tracing::ExportThread> thread = std::make_shared<tracing::ExportThread>();
};

class HttpServerObject final : public ObjectPrototype {
 public:
  // The pipelines of the paths with a backendPool, by `rules[0].paths[0]`.
  using Pools = std::map<std::string, std::shared_ptr<const pipeline::PipelinePrototype>>;

  // `address`: on which it listens; "": all.
  HttpServerObject(std::shared_ptr<const server::ServerPrototype> server, std::string address,
                   Pools pools = {})
      : server_(std::move(server)), pools_(std::move(pools)), address_(std::move(address)) {}
  [[nodiscard]] const server::ServerPrototype& server() const { return *server_; }

  [[nodiscard]] Json spec() const override;
  void publish(const std::string& name, server::Snapshot& next) const override;
  // http_server_status.cc
  [[nodiscard]] Json status(const StatusContext& context) const override;
  void expose(const StatusContext& context, observe::Exposition& out) const override;
  void sample() const override;
  [[nodiscard]] net::CertificateEnds certificates() const override;
  [[nodiscard]] std::optional<Listening> listens() const override;
  [[nodiscard]] std::vector<std::string> pipelines() const override;
  [[nodiscard]] std::string global_filter() const override { return server_->spec.global_filter; }
  [[nodiscard]] std::vector<Reference> references() const override;
  // http_server_hand_over.cc
  void hand_over(const std::string& name, const pipeline::FilterKinds& successor,
                 server::Snapshot& next, config::Faults& faults) const override;

 private:
  std::shared_ptr<const server::ServerPrototype> server_;
  const Pools pools_;
  const std::string address_;
};

// `tracing`: of the process.
[[nodiscard]] ObjectKind http_server_kind(const TracingServices& tracing = {});

}  // namespace sluice::control
