// SPDX-License-Identifier: Apache-2.0
#include "filters/remote_filter/remote_filter.h"

#include <array>
#include <optional>
#include <string>

#include "backend/side_client.h"
#include "filters/proxy/tls_spec.h"
#include "filters/remote_filter/message.h"
#include "pipeline/exchange.h"
#include "pipeline/holds_certificates.h"

namespace sluice::filters {
namespace {

constexpr std::string_view kRemoteFailed = "failed";
constexpr std::string_view kResponseAlready = "responseAlready";
constexpr std::array<std::string_view, 2> kRemoteResults = {kRemoteFailed, kResponseAlready};
constexpr Duration kDefaultTimeout = std::chrono::seconds(5);
constexpr int kAnsweredStatus = 205;

struct RemoteFilterSpec {
  pipeline::FilterMeta meta;
  std::string url;
  Duration timeout{};
  std::optional<TlsSpec> tls;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("url", url,
          {.required = true, .format = config::Format::url, .doc = "the service, asked with POST"});
    visit("timeout", timeout, {.min = 0, .doc = "of a whole call; 0: 5s"});
    visit("tls", tls,
          {.doc = "to an `https` service. Without authorities, those of the system count"});
  }
};

std::string_view refuse(pipeline::Exchange& exchange, const std::string& reason) {
  exchange.gateway_response(503, http::Cause::remote_failed);
  exchange.add_tag("remoteFilter: " + reason);
  return kRemoteFailed;
}

class RemoteFilter final : public pipeline::Filter {
 public:
  RemoteFilter(const loop::Core& core, std::shared_ptr<const backend::SideService> service)
      : client_(core, std::move(service)) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    http::Request* request = exchange.request();
    if (request == nullptr) co_return refuse(exchange, "there is no request");
    exchange.trace.pass_on(*request);
    auto text = to_remote(*request, exchange.real_ip, exchange.response());
    if (!text) co_return refuse(exchange, text.error().message);
    http::Request call;
    call.method = "POST";
    call.headers.add("Content-Type", "application/json");
    call.body.assign(*std::move(text));
    auto task = client_.call(std::move(call));
    auto answer = co_await std::move(task);
    if (!answer) co_return refuse(exchange, answer.error().message);
    if (answer->status >= 300)
      co_return refuse(exchange, "the service answers " + std::to_string(answer->status));
    auto reply = parse_remote(answer->body.bytes());
    if (!reply) co_return refuse(exchange, reply.error().message);
    co_return take(exchange, *std::move(reply), answer->status == kAnsweredStatus);
  }

 private:
  static std::string_view take(pipeline::Exchange& exchange, RemoteReply reply, bool answered) {
    if (reply.request) apply(*std::move(reply.request), *exchange.request());
    const bool sets_response = reply.response && (answered || exchange.response() != nullptr ||
                                                  !reply.response->is_empty());
    if (sets_response) apply(*std::move(reply.response), exchange.ensure_response());
    if (!answered) return "";
    (void)exchange.ensure_response();
    return kResponseAlready;
  }

  backend::SideClient client_;
};

class RemoteFilterPrototype final : public pipeline::FilterPrototype,
                                    public pipeline::HoldsCertificates {
 public:
  RemoteFilterPrototype(const RemoteFilterSpec& spec,
                        std::shared_ptr<const backend::SideService> service)
      : spec_(config::encode(spec)), service_(std::move(service)) {
    if (spec.tls) certificates_ = spec.tls->certificates("tls");
  }

  Json spec() const override { return spec_; }
  net::CertificateEnds certificates() const override { return certificates_; }
  std::unique_ptr<pipeline::Filter> instantiate(const loop::Core& core) const override {
    return std::make_unique<RemoteFilter>(core, service_);
  }

 private:
  Json spec_;
  net::CertificateEnds certificates_;
  std::shared_ptr<const backend::SideService> service_;
};

class RemoteFilterKind final : public pipeline::FilterKind {
 public:
  explicit RemoteFilterKind(unsigned core_count) : core_count_(core_count) {}

  std::string_view name() const override { return "RemoteFilter"; }
  std::span<const std::string_view> results() const override { return kRemoteResults; }
  std::string_view description() const override {
    return "Lets a service of yours change the request and the response.";
  }
  Json schema() const override { return config::schema<RemoteFilterSpec>(); }
  std::shared_ptr<const pipeline::FilterPrototype> build(const config::Value& value,
                                                         const pipeline::FilterContext& context,
                                                         config::Faults& faults) const override {
    const std::size_t faults_before = faults.count();
    const auto spec = config::decode<RemoteFilterSpec>(value, context.path, faults);
    if (faults.count() != faults_before) return nullptr;
    backend::SideLimits limits;
    limits.timeout = spec.timeout > Duration::zero() ? spec.timeout : kDefaultTimeout;
    limits.body_bytes_max = kRemoteReplyBytesMax;
    const bool secure = spec.url.starts_with("https:");
    auto tls = secure ? spec.tls.value_or(TlsSpec()).make(false) : nullptr;
    auto service = backend::SideService::make(spec.url, std::move(tls), limits, core_count_);
    if (!service) {
      faults.add(config::join_path(context.path, "url"), service.error().message);
      return nullptr;
    }
    return std::make_shared<RemoteFilterPrototype>(spec, *std::move(service));
  }

 private:
  unsigned core_count_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_remote_filter_kind(unsigned core_count) {
  return std::make_unique<RemoteFilterKind>(core_count);
}

}  // namespace sluice::filters
