// SPDX-License-Identifier: Apache-2.0
#include "admin/restore.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "admin/slot.h"
#include "backup/reader.h"
#include "config/formats.h"
#include "control/controller.h"
#include "control/custom_data.h"

namespace sluice::admin {
namespace {

// The namespaces that hold data.
Result<std::vector<std::string>> namespaces_in_use(store::Store& store) {
  SLUICE_TRY(std::vector<std::string> all, store.namespaces());
  std::vector<std::string> used;
  for (std::string& ns : all) {
    SLUICE_TRY(const std::uint64_t keys, store.count(ns, {}));
    if (keys > 0) used.push_back(std::move(ns));
  }
  return used;
}

Result<void> check_empty(control::Controller& controller) {
  const std::size_t objects = controller.list().size();
  SLUICE_TRY(const auto used, namespaces_in_use(controller.store()));
  const std::size_t kinds = controller.custom_data().state()->kinds.size();
  if (objects == 0 && used.empty() && kinds == 0) return {};
  return fail(ErrorKind::conflict, "the gateway is not empty (objects: " + std::to_string(objects) +
                                       ", filters with data: " + std::to_string(used.size()) +
                                       ", kinds of custom data: " + std::to_string(kinds) +
                                       "); --force (?force=true) replaces all of it");
}

// "pipeline/filter"
bool is_namespace(std::string_view ns) {
  const auto is_name = [](std::string_view name) {
    return !config::check_format(config::Format::name, name);
  };
  const std::size_t slash = ns.find('/');
  return slash != ns.npos && is_name(ns.substr(0, slash)) && is_name(ns.substr(slash + 1));
}

constexpr Duration kOwnMax = std::chrono::seconds(10);
constexpr Duration kOwnLook = std::chrono::milliseconds(20);

std::string entries_of(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " entry" : " entries");
}

std::unexpected<Error> unchanged(Error error) {
  if (!error.message.contains("nothing was changed")) error.message += "; nothing was changed";
  return std::unexpected(std::move(error));
}

// The error of a restoration that has had effects.
std::unexpected<Error> half_done(Error error, const std::vector<std::string>& done) {
  error.message = "the restoration is incomplete: " + error.message;
  for (const std::string& line : done) error.details.push_back("done: " + line);
  error.details.emplace_back("not done: the rest; restore the backup again, with --force");
  return std::unexpected(std::move(error));
}

class Restore final : public Intake, private backup::Receiver {
 public:
  Restore(Context& context, const ApiRequest& request)
      : context_(context),
        request_(request),
        force_(query_flag(request, "force")),
        slot_(context.restores, 1) {}

  // Errors: those of begin_restore().
  [[nodiscard]] Result<void> admit() const {
    if (!slot_.granted())
      return fail(ErrorKind::unavailable, "another backup is being restored: try again");
    return force_ ? Result<void>() : check_empty(context_.controller);
  }

  Result<void> take(std::string_view piece) override {
    auto taken = reader_.feed(piece);
    return taken ? taken : unchanged(std::move(taken).error());
  }
  Result<ApiResponse> finish() override {
    if (auto read = reader_.finish(); !read) return unchanged(std::move(read).error());
    std::vector<std::string> done;
    auto restored = restore_all(done);
    if (!restored && done.empty()) return unchanged(std::move(restored).error());
    if (!restored) return half_done(std::move(restored).error(), done);
    context_.logger.info("a backup of " + header_.time + " is restored");
    return respond(request_, report(*restored, done));
  }

 private:
  struct Namespace {
    std::string ns;
    std::unique_ptr<store::BulkImport> import;
  };

  Result<void> header(const backup::Header& header) override {
    header_ = header;
    return {};
  }
  Result<void> code(const backup::CodeHead& head, std::string_view bytes) override {
    SLUICE_TRY(auto hold,
               context_.controller.keep_code({.kind = head.kind, .sha256 = head.sha256}, bytes));
    holds_.push_back(std::move(hold));
    return {};
  }
  Result<void> object(backup::ObjectRecord object) override {
    objects_bytes_ += object.line_bytes;
    if (objects_bytes_ > kRestoredObjectsBytesMax) {
      return fail(
          ErrorKind::too_large,
          "the objects take more than " + std::to_string(kRestoredObjectsBytesMax >> 20) + " MiB");
    }
    objects_.push_back({.name = std::move(object.name),
                        .kind = std::move(object.kind),
                        .spec = std::move(object.spec),
                        .pins = std::move(object.pins),
                        .runs = object.runs});
    return {};
  }
  Result<void> custom_kind(backup::CustomKindRecord record) override {
    config::Faults faults;
    auto kind = control::restore_custom_kind(record.spec, faults);
    if (!kind) return std::unexpected(faults.to_error());
    if (kind->name != record.name)
      return fail(ErrorKind::invalid,
                  "CustomDataKind " + record.name + ": its spec has other names");
    custom_.put(std::move(kind));
    return {};
  }
  Result<void> custom_item(backup::CustomItemRecord record) override {
    return custom_.put(record.kind, record.id, std::move(record.item));
  }
  Result<void> begin_data(const std::string& ns) override {
    if (!is_namespace(ns)) return fail(ErrorKind::invalid, "\"" + ns + "\" names no filter");
    SLUICE_TRY(auto import, store().begin_import(ns));
    data_.push_back({ns, std::move(import)});
    return {};
  }
  Result<void> entry(std::string_view key, std::string_view value) override {
    return data_.back().import->add(key, value);
  }

  Result<std::vector<control::RestoredObject>> restore_all(std::vector<std::string>& done) {
    if (!force_) SLUICE_CHECK(check_empty(context_.controller));
    SLUICE_TRY(const control::CustomState custom, custom_.finish());
    return context_.controller.restore({.objects = objects_,
                                        .replace = force_,
                                        .restore_data = [&] { return restore_data(custom, done); },
                                        .done = done,
                                        .author = {request_.caller, request_.address}});
  }
  // Each namespace is one step: a request that still runs in an old pipeline sees the old data or
  // the new, and never an empty list. Without --force, data that is there by now is an error.
  Result<void> restore_data(const control::CustomState& custom, std::vector<std::string>& done) {
    SLUICE_CHECK(restore_custom(custom, done));
    SLUICE_TRY(const auto used, namespaces_in_use(store()));
    for (const std::string& ns : used) {
      if (!force_) return fail(ErrorKind::conflict, ns + " has got data meanwhile");
      if (saves(ns)) continue;
      SLUICE_CHECK(own(ns));
      SLUICE_CHECK(store().erase_all(ns, {}));
      done.push_back("deleted the data of " + ns + ", of which the backup has none");
    }
    for (const auto& [ns, import] : data_) {
      SLUICE_CHECK(own(ns));
      const std::uint64_t count = import->size();
      if (force_) import->replace_all();
      SLUICE_CHECK(import->commit());
      done.push_back("restored the data of " + ns + ", " + entries_of(count));
    }
    return {};
  }
  // In steps, each one change.
  Result<void> restore_custom(const control::CustomState& custom, std::vector<std::string>& done) {
    const auto edit = [&custom](const control::CustomState&) -> Result<control::CustomState> {
      return custom;
    };
    SLUICE_TRY(const auto made, context_.controller.custom_data().change_in_steps(edit));
    if (made.version > 0 && made.put + made.deleted > 0)
      done.push_back("restored custom data, " + std::to_string(custom.count()) + " items");
    return {};
  }
  [[nodiscard]] bool saves(const std::string& ns) const {
    return std::ranges::find(data_, ns, &Namespace::ns) != data_.end();
  }
  // On a shared store, only the owner of a namespace writes it. A new namespace has no owner for a
  // moment: the members take it one after the other.
  Result<void> own(const std::string& ns) {
    if (!store().is_shared()) return {};
    const TimePoint end = Clock::now() + kOwnMax;
    while (true) {
      SLUICE_CHECK(store().prepare(ns));
      if (store().status(ns).owned) return {};
      const auto owner = store().owner(ns).now;
      if (owner && !owner->me) SLUICE_CHECK(store().move(ns, context_.options.member_name));
      if (Clock::now() > end) return fail(ErrorKind::unavailable, "no member takes " + ns);
      std::this_thread::sleep_for(kOwnLook);
    }
  }

  [[nodiscard]] Json report(const std::vector<control::RestoredObject>& restored,
                            const std::vector<std::string>& done) const {
    Json objects = Json::array();
    for (const control::RestoredObject& one : restored) {
      objects.push_back({{"name", one.name}, {"kind", one.kind}});
      if (!one.warning.empty()) objects.back()["warning"] = one.warning;
      const auto status = context_.controller.status(one.name);
      if (status && status->contains("version")) objects.back()["version"] = (*status)["version"];
    }
    const backup::Totals& totals = reader_.totals();
    return {{"time", header_.time},
            {"code", totals.code},
            {"objects", std::move(objects)},
            {"namespaces", totals.namespaces},
            {"entries", totals.entries},
            {"custom", totals.custom},
            {"done", done}};
  }
  [[nodiscard]] store::Store& store() { return context_.controller.store(); }

  Context& context_;
  const ApiRequest& request_;
  const bool force_;
  const CountedSlot slot_;
  backup::Reader reader_{*this};
  backup::Header header_;
  std::vector<pipeline::CodeKeeper::Hold> holds_;
  std::vector<control::SavedObject> objects_;
  std::size_t objects_bytes_ = 0;
  std::vector<Namespace> data_;
  control::CustomDraft custom_;
};

}  // namespace

Result<std::unique_ptr<Intake>> begin_restore(Context& context, const ApiRequest& request) {
  auto restore = std::make_unique<Restore>(context, request);
  SLUICE_CHECK(restore->admit());
  return restore;
}

}  // namespace sluice::admin
