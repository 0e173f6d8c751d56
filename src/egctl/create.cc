// SPDX-License-Identifier: Apache-2.0
#include "egctl/create.h"

#include <memory>

#include "egctl/httpproxy.h"
#include "egctl/send_objects.h"

namespace sluice::egctl {
namespace {

void add_create_options(Command command, Invocation& invocation) {
  const auto files = std::make_shared<std::vector<std::string>>();
  const auto waiting = std::make_shared<Waiting>();
  add_file_option(command, *files);
  add_wait_options(command, *waiting);
  set_action(command, invocation, [files, waiting](Invocation& s) {
    return send_objects(s, *files, "create", *waiting);
  });
}

}  // namespace

void add_create(Command root, Invocation& invocation) {
  const Command command = root.add("create", "Create objects from files or standard input");
  command.footer("All objects are created, or none. Example:\n  egctl create -f http-server.yaml");
  add_create_options(command, invocation);
  add_create_options(command.add("object", "The same (older form)"), invocation);
  add_create_httpproxy(command, invocation);
}

}  // namespace sluice::egctl
