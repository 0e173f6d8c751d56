// SPDX-License-Identifier: Apache-2.0
// FilterRun: one filter on one exchange, without a server.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"
#include "pipeline/filter.h"

namespace sluice::filters {

class FilterRun : public ::testing::Test {
 protected:
  explicit FilterRun(std::unique_ptr<pipeline::FilterKind> kind) : kind_(std::move(kind)) {
    request().method = "GET";
    request().scheme = "http";
    request().host = "shop.example";
    request().set_path("/");
  }

  // `yaml`: the spec without name and kind.
  std::unique_ptr<pipeline::Filter> make(std::string_view yaml) {
    config::Faults faults;
    const auto prototype = build(yaml, faults);
    EXPECT_TRUE(faults.empty()) << (faults.empty() ? "" : faults.to_error().message);
    return prototype == nullptr ? nullptr : prototype->instantiate(core_);
  }
  std::vector<std::string> faults_of(std::string_view yaml) {
    config::Faults faults;
    EXPECT_EQ(build(yaml, faults), nullptr) << yaml;
    return faults.lines();
  }
  std::string_view run(pipeline::Filter& filter) {
    return loop::run_to_completion(loop_, filter.handle(exchange_));
  }
  std::string_view run(std::string_view yaml) {
    filter_ = make(yaml);
    return run(*filter_);
  }
  http::Request& request() { return *exchange_.request_of(pipeline::kDefaultNamespace); }
  // Makes a response in a namespace, and leaves DEFAULT active.
  http::Response& response_in(std::string_view name) {
    exchange_.activate(name);
    http::Response& response = exchange_.ensure_response();
    exchange_.activate(pipeline::kDefaultNamespace);
    return response;
  }
  std::string last_tag() const { return exchange_.tags().empty() ? "" : exchange_.tags().back(); }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};

 private:
  std::shared_ptr<const pipeline::FilterPrototype> build(std::string_view yaml,
                                                         config::Faults& faults) {
    const std::string whole =
        "name: it\nkind: " + std::string(kind_->name()) + "\n" + std::string(yaml);
    const auto value = config::parse_document(whole);
    EXPECT_TRUE(value) << value.error().message;
    if (!value) return nullptr;
    return kind_->build(*value, {.pipeline = "p", .name = "it", .path = "filters[0]"}, faults);
  }

  std::unique_ptr<pipeline::FilterKind> kind_;
  std::unique_ptr<pipeline::Filter> filter_;
};

// A body that arrives in pieces.
class PiecesReader final : public http::BodyReader {
 public:
  explicit PiecesReader(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Task<Result<std::string_view>> read() override {
    if (next_ == pieces_.size()) co_return std::string_view();
    co_return std::string_view(pieces_[next_++]);
  }

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
};

inline http::Body stream_of(std::vector<std::string> pieces) {
  return http::Body(std::make_unique<PiecesReader>(std::move(pieces)), std::nullopt);
}

}  // namespace sluice::filters
