// SPDX-License-Identifier: Apache-2.0
// Catalog: the kinds of objects and filters, as a server of this version has them, in this process.
// It opens no port, calls no URL and needs no server.
#pragma once

#include <memory>

#include "base/result.h"
#include "control/builder.h"
#include "control/schemas.h"
#include "store/store.h"
#include "wasm/engine.h"

namespace sluice::egctl {

class Catalog {
 public:
  enum class Use {
    describe,  // names and schemas
    build,     // objects too, with the programs of their filters
  };
  [[nodiscard]] static Result<Catalog> open(Use use);

  [[nodiscard]] const control::ObjectBuilder& builder() const { return *builder_; }
  [[nodiscard]] control::Schemas schemas() const {
    return {builder_->kinds(), builder_->filters()};
  }

 private:
  Catalog() = default;
  std::unique_ptr<wasm::Engine> engine_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<const control::ObjectBuilder> builder_;  // last: it uses the others
};

}  // namespace sluice::egctl
