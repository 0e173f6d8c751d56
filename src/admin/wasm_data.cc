// SPDX-License-Identifier: Apache-2.0
// /wasm/data/{pipeline}/{filter}: the shared data of a filter.
#include <algorithm>
#include <memory>

#include "admin/data_map.h"
#include "admin/resources.h"
#include "control/controller.h"

namespace sluice::admin {
namespace {

using control::Controller;

constexpr std::size_t kPageEntries = 1000;

std::string query_text(const Request& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string() : found->second;
}

// Lists page by page while the client reads; one page is in memory.
class Listing {
 public:
  Listing(store::Store& store, std::string ns, std::string prefix, std::size_t limit,
          DataFormat format)
      : store_(store),
        ns_(std::move(ns)),
        prefix_(std::move(prefix)),
        left_(limit),
        writer_(format) {}

  // Before the response begins, so that an error still gets its status.
  Result<void> fetch() {
    const std::size_t count = std::min(left_, kPageEntries);
    SLUICE_TRY(page_, store_.list(ns_, prefix_, after_, count));
    if (page_.entries.size() > left_) page_.entries.resize(left_);  // a store may return more
    left_ -= page_.entries.size();
    if (page_.entries.empty() || left_ == 0) page_.more = false;
    if (page_.more) after_ = page_.entries.back().key;
    return {};
  }

  Next next(std::string& out) {
    writer_.write(page_.entries, out);
    if (!page_.more) {
      writer_.close(out);
      return Next::end;
    }
    return fetch() ? Next::more : Next::failed;
  }

 private:
  store::Store& store_;
  std::string ns_;
  std::string prefix_;
  std::string after_;
  std::size_t left_;
  DataWriter writer_;
  store::Page page_;
};

Result<Response> list(Controller& controller, const Request& request, const Names& names) {
  SLUICE_TRY(std::string ns, controller.data_namespace(names[0], names[1]));
  constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();
  SLUICE_TRY(const std::int64_t limit, query_number(request, "limit", kNoLimit, 1, kNoLimit));
  const DataFormat format = request.wants("yaml") ? DataFormat::yaml : DataFormat::json;
  const auto listing =
      std::make_shared<Listing>(controller.store(), std::move(ns), query_text(request, "prefix"),
                                static_cast<std::size_t>(limit), format);
  SLUICE_CHECK(listing->fetch());
  Response response;
  response.content_type = format == DataFormat::yaml ? kYamlType : kJsonType;
  response.stream = [listing](std::string& out) { return listing->next(out); };
  return response;
}

Result<Response> put(Controller& controller, const Request& request, const Names& names) {
  SLUICE_TRY(const std::string ns, controller.data_namespace(names[0], names[1]));
  SLUICE_TRY(auto entries, parse_data(request.body));
  if (!entries.empty()) SLUICE_CHECK(controller.store().apply(ns, std::move(entries)));
  return Response{};
}

Result<Response> remove(Controller& controller, const Request& request, const Names& names) {
  SLUICE_TRY(const std::string ns, controller.data_namespace(names[0], names[1]));
  SLUICE_CHECK(controller.store().erase_all(ns, query_text(request, "prefix")));
  return Response{};
}

using Answer = Result<Response> (*)(Controller&, const Request&, const Names&);

void add(Router& router, Controller& controller, const std::string& method, Answer answer) {
  const auto handler = [&controller, answer](const Request& request, const Names& names) {
    Result<Response> response = answer(controller, request, names);
    return response ? *std::move(response) : respond_error(response.error());
  };
  router.add({"wasm", method, "/wasm/data/{pipeline}/{filter}", handler, kDataBytesMax});
}

}  // namespace

void add_wasm_data(Router& router, Context& context) {
  add(router, context.controller, "GET", list);
  add(router, context.controller, "PUT", put);
  add(router, context.controller, "DELETE", remove);
}

}  // namespace sluice::admin
