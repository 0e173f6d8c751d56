// SPDX-License-Identifier: Apache-2.0
#include "store/node.h"

namespace sluice::store {

void Node::stamp(Version value) {
  version = value;
  for (Write& write : bulk ? bulk->puts : writes) write.record->stamp(value);
}

}  // namespace sluice::store
