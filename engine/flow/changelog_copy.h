// Brings the tables of a task up to its changelog: after a restart, when another instance's partition comes to us, and
// ahead of that, for a standby copy. There is no other way from a changelog into tables.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/flow/ports.h"
#include "engine/flow/pulse.h"

namespace touchstone {

/// A task, and the changelog that its tables are a copy of. Both have the same partition.
struct ChangelogCopy {
  TaskId task;
  std::string changelog;
};

/// Told how many offsets of the changelog are still to be read: at the beginning, on the way, and 0 at the end. They
/// are a few more than records, because the ends of transactions have offsets too.
using TellLeft = std::function<void(std::int64_t left)>;

/// Reads what the tables lack, up to the end of the changelog as it is now, and returns how many records that were.
/// Tables that end before the changelog begins, go beyond its end, or do not say how far they go, are wiped first. What
/// was read when it fails is kept, and the next call goes on from there. kRetry also if the tables have grown too old
/// meanwhile, as when the machine slept. One thread at a time for each task; every record is a beat.
Result<std::uint64_t> catch_up(const ChangelogCopy& copy, ChangelogReader& log, Tables& tables, Pulse& pulse,
                               const TellLeft& tell_left = {});

}  // namespace touchstone
