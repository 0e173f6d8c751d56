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
  // `make`: makes the object of a text, on the thread of the checks.
  using Make = std::function<Result<T>(std::string_view text)>;
  KeptDocument(const DocumentServices& services, backend::DocumentSource source, Make make)
      : document_(
            services.checks, services.blocking, std::move(source),
            [followed = followed_, make = std::move(make)](std::string_view text) -> Result<void> {
              SLUICE_TRY(auto object, make(text));
              followed->store(std::make_shared<const T>(std::move(object)));
              return {};
            },
            services.logger) {}

  [[nodiscard]] const std::shared_ptr<Followed<T>>& followed() const { return followed_; }
  [[nodiscard]] backend::WatchedDocument& document() { return document_; }
  [[nodiscard]] const backend::WatchedDocument& document() const { return document_; }

 private:
  const std::shared_ptr<Followed<T>> followed_ = std::make_shared<Followed<T>>();
  backend::WatchedDocument document_;
};

}  // namespace sluice::filters
