// SPDX-License-Identifier: Apache-2.0
#include "filters/file_server/file_server.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "base/time.h"
#include "filters/file_server/file_body.h"
#include "filters/file_server/file_paths.h"
#include "filters/file_server/media_type.h"
#include "filters/file_server/spec.h"
#include "filters/proxy/compression.h"
#include "filters/redirector/location.h"
#include "http/cache_control.h"
#include "http/conditional.h"
#include "http/content_coding.h"
#include "http/date.h"
#include "http/range.h"
#include "http/reason_phrase.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

constexpr std::string_view kFileInternalError = "internalError";
constexpr std::string_view kFileServerError = "serverError";
constexpr std::string_view kFileClientError = "clientError";
constexpr std::string_view kNotFound = "notFound";

constexpr std::size_t kEntityTagBytes = 48;  // of most

struct FileModel {
  FilePaths paths;
  std::vector<std::string> codings;
  bool compress;
};

std::string entity_tag(const FilePaths::Found& found) {
  std::string tag;
  tag.reserve(kEntityTagBytes);
  tag += '"';
  append_hex(tag, static_cast<std::uint64_t>(found.file.modified_ns), 16);
  tag.append(1, '-').append(std::to_string(found.file.size));
  if (!found.coding.empty()) tag.append(1, '-').append(found.coding);
  return tag.append(1, '"');
}

// Whether the answer may be other than the whole file.
bool has_conditions(const http::Headers& headers) {
  return std::ranges::any_of(headers, [](const http::Field& field) {
    const std::string_view name = field.name;
    return http::iequals(name, "Range") || http::iequals(name.substr(0, 3), "If-");
  });
}

std::string_view result_of_status(int status) {
  if (status == 404) return kNotFound;
  return status < 500 ? kFileClientError : kFileServerError;
}

std::string_view refuse(pipeline::Exchange& exchange, int status, http::Cause cause,
                        std::string_view tag) {
  exchange.gateway_response(status, cause);
  exchange.add_tag("fileServer: " + std::string(tag));
  return result_of_status(status);
}

class FileServer final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "FileServer";
  static constexpr std::string_view kDescription = "Answers with the files of a folder.";
  static constexpr std::array<std::string_view, 4> kResults = {kFileInternalError, kFileServerError,
                                                               kFileClientError, kNotFound};

  static FileModel prepare(const FileServerSpec& spec, const pipeline::FilterContext& context,
                           config::Faults& faults) {
    const std::string where = config::join_path(context.path, "root");
    if (!can_open_beneath()) faults.add(where, "needs Linux 5.6");
    if (open_root(spec.root, DiskWait::allowed).answer != DiskAnswer::found)
      faults.warn(where, config::quote(spec.root) +
                             " is no folder that can be opened now: requests get 404 until it is");
    config::Faults told;  // by validate()
    return {FilePaths(spec, context.path, faults), spec.codings(context.path, told),
            spec.compress == "gzip"};
  }

  FileServer(std::shared_ptr<const FileModel> model, const loop::Core& core,
             std::shared_ptr<loop::BlockingPool> pool)
      : model_(std::move(model)), loop_(core.loop), pool_(std::move(pool)) {
    if (model_->compress) compression_.emplace(core, CompressionSpec());
  }

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    const http::Request* request = exchange.request();
    if (request == nullptr) co_return "";
    if (request->method != "GET" && request->method != "HEAD") {
      const std::string_view result = refuse(exchange, 405, http::Cause::method_not_allowed,
                                             "the method is neither GET nor HEAD");
      exchange.response()->headers.set("Allow", "GET, HEAD");
      co_return result;
    }
    auto path = model_->paths.rewritten(request->path);
    if (!path)
      co_return refuse(exchange, 400, http::Cause::path_refused, "the path can name no file");
    const std::vector<std::string> codings = accepted_codings(*request);
    Result<Found> found = model_->paths.find(*path, codings, DiskWait::never);
    if (found->answer == DiskAnswer::would_wait) {
      auto search = find(*std::move(path), codings);
      found = co_await std::move(search);
    }
    if (!found || found->answer == DiskAnswer::unavailable)
      co_return refuse(exchange, 503, http::Cause::file_unavailable, "the file cannot be opened");
    if (found->answer == DiskAnswer::absent) co_return answer_absent(exchange);
    if (found->wants_slash) co_return add_slash(exchange, *request);
    std::string_view result;
    const auto part = choose_part(exchange, *request, *found, result);
    const bool head_only = request->method == "HEAD";
    if (part &&
        (head_only || !attach_at_once(exchange.response()->body, found->file.file, *part))) {
      const auto file = std::make_shared<const Descriptor>(std::move(found->file.file));
      auto attaching = attach(exchange, head_only, {file, part->offset, part->size});
      result = co_await std::move(attaching);
    }
    if (compression_ && result.empty())
      (void)co_await compression_->apply(*request, *exchange.response(), exchange.memory);
    co_return result;
  }

 private:
  using Found = FilePaths::Found;

  // Those of `precompressed` that the client accepts, what it likes most first.
  [[nodiscard]] std::vector<std::string> accepted_codings(const http::Request& request) const {
    std::vector<std::pair<int, std::string>> weighed;
    for (const std::string& coding : model_->codings) {
      if (const int weight = http::coding_weight(request.headers, coding); weight > 0)
        weighed.emplace_back(weight, coding);
    }
    std::ranges::stable_sort(weighed, std::ranges::greater(),
                             [](const auto& x) { return x.first; });
    std::vector<std::string> codings;
    for (auto& [weight, coding] : weighed) codings.push_back(std::move(coding));
    return codings;
  }

  // Looks up names that the kernel does not have in memory, on a thread that may wait.
  Task<Result<Found>> find(std::string path, std::vector<std::string> codings) {
    auto work = [model = model_, path = std::move(path), codings = std::move(codings)] {
      return model->paths.find(path, codings, DiskWait::allowed);
    };
    auto task = pool_->run(loop_, std::move(work));
    co_return co_await std::move(task);
  }

  std::string_view answer_absent(pipeline::Exchange& exchange) const {
    const int status = model_->paths.absent_status();
    http::Response& response = exchange.gateway_response(status, http::Cause::file_not_found);
    if (const std::string& text = model_->paths.absent_text(); !text.empty()) {
      response.headers.set("Content-Type", "text/plain; charset=utf-8");
      response.body.assign(text);
    }
    return result_of_status(status);
  }

  // Relative links of the page count from the folder. So does Location from the client's path,
  // which the rules or the filter may have rewritten. A colon would make the name a scheme without
  // "./".
  static std::string_view add_slash(pipeline::Exchange& exchange, const http::Request& request) {
    const std::string_view path = request.escaped_path;
    std::string location =
        "./" + encode_location(std::string(path.substr(path.rfind('/') + 1))) + '/';
    if (request.has_query)
      location.append(1, '?').append(encode_location(std::string(request.query)));
    http::Response& response = exchange.gateway_response(301, http::Cause::redirect);
    response.headers.set("Location", location);
    return "";
  }

  // Requires: `headers` is empty.
  void describe(const Found& found, http::Headers& headers) const {
    constexpr std::int64_t kSecond = 1'000'000'000;
    headers.add("Content-Type", media_type_of(found.path));
    headers.add("X-Content-Type-Options", "nosniff");
    headers.add("Last-Modified", http::format_date(found.file.modified_ns / kSecond));
    headers.add("ETag", entity_tag(found));
    headers.add("Accept-Ranges", "bytes");
    if (!found.coding.empty()) headers.add("Content-Encoding", found.coding);
    if (!model_->codings.empty()) headers.add("Vary", "Accept-Encoding");
    if (const auto control = model_->paths.cache_control(found.path); !control.empty())
      headers.add("Cache-Control", control);
  }

  struct Part {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  // Makes the head of the response, and returns the part of the file that is its body. nullopt:
  // none is, and `result` is set.
  std::optional<Part> choose_part(pipeline::Exchange& exchange, const http::Request& request,
                                  const Found& found, std::string_view& result) const {
    http::Response& response = exchange.new_response();
    describe(found, response.headers);
    Part part{0, found.file.size};
    if (!has_conditions(request.headers)) return part;
    const std::int64_t now = unix_time_ms() / 1000;
    http::Validators validators = http::Validators::of(response.headers);
    std::string date;
    if (request.headers.contains("If-Range")) validators.date = date = http::format_date(now);
    if (http::not_modified(request, validators, now)) {
      response.status = 304;
      response.headers.remove("Content-Type");
      response.headers.remove("Content-Encoding");
      return std::nullopt;
    }
    const std::string asked = http::combined(request.headers, "Range");
    const bool ranged =
        request.method == "GET" && !asked.empty() && http::range_holds(request, validators, now);
    if (const auto range = ranged ? http::parse_range(asked, part.size) : std::nullopt) {
      if (!range->satisfiable()) {
        const std::string all = http::content_range(*range, part.size);
        result =
            refuse(exchange, 416, http::Cause::range_not_satisfiable, "no such part of the file");
        exchange.response()->headers.set("Content-Range", all);
        return std::nullopt;
      }
      response.status = 206;
      response.headers.set("Content-Range", http::content_range(*range, part.size));
      part = {range->first, range->last - range->first + 1};
    }
    return part;
  }

  // Attaches a small part of a file if it is in memory. Returns false if it is not.
  static bool attach_at_once(http::Body& body, const Descriptor& file, const Part& part) {
    if (part.size > kFilePieceBytes) return false;
    std::string bytes;
    // libstdc++ 12 passes the new capacity, which may be more.
    bytes.resize_and_overwrite(part.size, [&](char* to, std::size_t) {
      return read_at(file, part.offset, {to, part.size}, DiskWait::never).size;
    });
    if (bytes.size() < part.size) return false;
    body.assign(std::move(bytes));
    return true;
  }

  Task<std::string_view> attach(pipeline::Exchange& exchange, bool head_only, FilePart part) {
    const std::uint64_t size = part.size;
    if (head_only || size > kFilePieceBytes) {
      std::unique_ptr<http::BodyCharge> charge;
      if (!head_only && exchange.memory) {
        charge = std::make_unique<http::BodyCharge>(exchange.memory);
        if (!charge->try_set(kFilePieceBytes))
          co_return refuse(exchange, 503, http::Cause::memory_budget, "no memory is left");
      }
      auto reader = stream_file(loop_, pool_, std::move(part), std::move(charge));
      exchange.response()->body = http::Body(std::move(reader), size);
      co_return "";
    }
    auto task = read_whole(loop_, *pool_, std::move(part));
    auto bytes = co_await std::move(task);
    if (bytes) {
      exchange.response()->body.assign(*std::move(bytes));
      co_return "";
    }
    const bool busy = bytes.error().kind == ErrorKind::unavailable;
    (void)refuse(exchange, busy ? 503 : 500, http::Cause::file_unavailable, bytes.error().message);
    co_return busy ? kFileServerError : kFileInternalError;
  }

  std::shared_ptr<const FileModel> model_;
  loop::EventLoop& loop_;
  std::shared_ptr<loop::BlockingPool> pool_;
  std::optional<Compression> compression_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_file_server_kind(
    std::shared_ptr<loop::BlockingPool> blocking) {
  using Kind =
      pipeline::SimpleKind<FileServerSpec, FileServer, std::shared_ptr<loop::BlockingPool>>;
  return std::make_unique<Kind>(std::move(blocking));
}

}  // namespace sluice::filters
