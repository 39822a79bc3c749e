// What a demo is about: a map with its rules, and where the events come from.
#pragma once

#include <memory>
#include <string>

#include "app/demo.h"
#include "app/event_source.h"
#include "engine/model/rules.h"

namespace touchstone {

struct DemoSubject {
  std::shared_ptr<const Rules> rules;
  std::string events;  ///< a file; empty: invented traffic
  std::string window;  ///< the one that is shown
};

/// The exit code in place of the subject where something is missing or wrong; it has been told then.
struct DemoPrepared {
  DemoSubject subject;
  int exit_code = 0;
};

[[nodiscard]] DemoPrepared prepare_demo(const DemoOptions& options);

/// The events of the subject, from now on.
[[nodiscard]] Result<std::unique_ptr<EventSource>> open_events(const DemoOptions& options, const DemoSubject& subject,
                                                               EventTime now);

}  // namespace touchstone
