// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/exchange_view.h"

#include <map>

#include "filters/builder/message_view.h"

namespace sluice::filters {
namespace {

using pipeline::Exchange;
using templates::Datum;
using templates::Object;

// Namespace -> message. Made once, so that a body is parsed once.
class MessagesView final : public Object {
 public:
  void add(std::string_view name, Datum::Part message) {
    messages_.emplace(name, Datum(std::move(message)));
  }
  Result<Datum> member(std::string_view name) const override {
    const auto found = messages_.find(name);
    return found == messages_.end() ? Datum() : found->second;
  }
  void each(const Visit& visit) const override {
    for (const auto& [name, message] : messages_) {
      if (!visit(name, message)) return;
    }
  }
  std::string text() const override {
    std::string out = "map[";
    for (const auto& [name, message] : messages_)
      out += (out.size() > 4 ? " " : "") + name + ":" + message.text();
    return out + "]";
  }
  bool empty() const override { return messages_.empty(); }
  std::size_t weight() const override {
    std::size_t weight = 0;
    for (const auto& [name, message] : messages_) weight += name.size() + message.weight();
    return weight;
  }

 private:
  std::map<std::string, Datum, std::less<>> messages_;
};

// The keys are those of DataBuilder, and PIPELINE.
class DataView final : public Object {
 public:
  explicit DataView(const Exchange& exchange) : exchange_(exchange) {}
  Result<Datum> member(std::string_view name) const override {
    const Json* value = exchange_.data_of(name);
    return value == nullptr ? Datum() : Datum::borrowed_json(*value);
  }
  void each(const Visit& /*visit*/) const override {}
  std::string text() const override { return "map[]"; }

 private:
  const Exchange& exchange_;
};

class ExchangeView final : public Object {
 public:
  explicit ExchangeView(Exchange& exchange)
      : name_(exchange.active_namespace()),
        requests_(std::make_shared<MessagesView>()),
        responses_(std::make_shared<MessagesView>()),
        data_(std::make_shared<DataView>(exchange)) {
    exchange.each_namespace([&](std::string_view name, const http::Request* request,
                                const http::Response* response) {
      if (request != nullptr) {
        requests_->add(
            name, std::make_shared<const RequestView>(*request, exchange.peer, exchange.real_ip));
      }
      if (response != nullptr)
        responses_->add(name, std::make_shared<const ResponseView>(*response));
    });
  }

  Result<Datum> member(std::string_view name) const override {
    if (name == "req") return requests_->member(name_);
    if (name == "resp") return responses_->member(name_);
    if (name == "requests") return Datum(requests_);
    if (name == "responses") return Datum(responses_);
    if (name == "data") return Datum(data_);
    if (name == "namespace") return Datum::borrowed_text(name_);
    return Datum();
  }
  void each(const Visit& visit) const override {
    for (const std::string_view name : {"namespace", "req", "requests", "resp", "responses"}) {
      if (!visit(name, *member(name))) return;
    }
  }
  std::string text() const override { return "map[]"; }

 private:
  std::string_view name_;
  std::shared_ptr<MessagesView> requests_;
  std::shared_ptr<MessagesView> responses_;
  std::shared_ptr<DataView> data_;
};

}  // namespace

Datum exchange_datum(Exchange& exchange) {
  return Datum(std::make_shared<const ExchangeView>(exchange));
}

}  // namespace sluice::filters
