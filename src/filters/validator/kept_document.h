// SPDX-License-Identifier: Apache-2.0
// KeptDocument: an object made of a file or URL that is read again, such as a set of keys. It is a
// state that outlives the generations of its filter.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "backend/watched_document.h"
#include "filters/validator/followed.h"
#include "filters/validator/last_good.h"

namespace sluice::filters {

// What the filters of a kind share.
struct DocumentServices {
  std::shared_ptr<backend::HealthThread> checks;  // null: nothing is read again, and no URL at all
  std::shared_ptr<loop::BlockingPool> blocking;   // for files
  Logger logger;
  unsigned core_count = 1;
};

// Any thread.
template <class T>
class KeptDocument {
 public:
  // `make`: makes the object of a text, on the thread of the checks; the first one on this thread.
  using Make = std::function<Result<T>(std::string_view text)>;
  // Begins with the text of `last`, and stores each good text there.
  KeptDocument(const DocumentServices& services, backend::DocumentSource source, Make make,
               const std::shared_ptr<LastGood>& last)
      : followed_(begin(*last, make)),
        document_(
            services.checks, services.blocking, with_past(std::move(source), last),
            [followed = followed_, make = std::move(make),
             last](std::string_view text) -> Result<void> {
              SLUICE_TRY(auto object, make(text));
              followed->store(std::make_shared<const T>(std::move(object)));
              last->put(text);
              return {};
            },
            services.logger) {}

  [[nodiscard]] const std::shared_ptr<Followed<T>>& followed() const { return followed_; }
  [[nodiscard]] backend::WatchedDocument& document() { return document_; }
  [[nodiscard]] const backend::WatchedDocument& document() const { return document_; }

 private:
  static std::shared_ptr<Followed<T>> begin(LastGood& last, const Make& make) {
    auto followed = std::make_shared<Followed<T>>();
    const auto text = last.text();
    if (text == nullptr) return followed;
    if (auto object = make(*text)) {
      followed->store(std::make_shared<const T>(*std::move(object)));
    } else {
      last.refuse(object.error().message);
    }
    return followed;
  }
  static backend::DocumentSource with_past(backend::DocumentSource source,
                                           const std::shared_ptr<LastGood>& last) {
    source.taken_ms = last->read_ms();
    source.note_read = [last](std::int64_t ms) { last->note_read(ms); };
    return source;
  }

  const std::shared_ptr<Followed<T>> followed_;
  backend::WatchedDocument document_;
};

}  // namespace sluice::filters
