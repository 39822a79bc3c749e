"""The faults that the simulation must find: each a few lines of the engine, replaced by wrong ones.

An edit is (file, what stands there exactly once, what is put in its place). `run` says which are caught.
"""

import collections

Mutation = collections.namedtuple("Mutation", "name fault edits")

WORKER = "engine/flow/worker.cc"
PARTITIONS = "engine/flow/worker_partitions.cc"
TASK = "engine/flow/task.cc"
JOURNEY = "engine/flow/journey_stage.cc"
CUSTOMERS = "engine/flow/customers.cc"
WINDOWS = "engine/flow/window_stage.cc"

COMMIT = "  auto receipt = log_->commit(offsets);\n  if (!receipt) return receipt.error();\n"
APPLY = "  if (!options_.task.changelog.empty()) TOUCHSTONE_TRY(tables_.apply(std::move(changes)));\n"

MUTATIONS = [
    # --- the commit
    Mutation("offsets-apart", "offsets are committed in a transaction of their own, after that of the output", [
        (WORKER, COMMIT,
         "  auto receipt = log_->commit({});\n  if (!receipt) return receipt.error();\n"
         "  if (const auto apart = log_->commit(offsets); !apart) return apart.error();\n"),
    ]),
    Mutation("tables-first", "state goes to the tables before Kafka has committed it", [
        (WORKER, COMMIT,
         "  std::vector<TaskChanges> early;\n"
         "  for (Assigned* assigned : committing) early.push_back(assigned->task->committed(std::nullopt));\n"
         "  if (!options_.task.changelog.empty()) TOUCHSTONE_TRY(tables_.apply(std::move(early)));\n" + COMMIT),
    ]),
    Mutation("offset-not-next", "the offset of the last record is committed, not the next one", [
        (TASK, "  next_ = wanted_ = record.offset.next();\n", "  next_ = wanted_ = record.offset;\n"),
    ]),
    Mutation("no-rewind", "after an abort the tasks go on where they are, and nothing is read again", [
        (WORKER, "|| !log_) return error;\n  options_.pulse->begin(\"aborting\");\n  TOUCHSTONE_TRY(log_->abort());\n  return restore_all();\n",
         "|| !log_) return error;\n  return log_->abort();\n"),
    ]),
    Mutation("fencing-ignored", "a commit that was refused for good is taken for one that was made", [
        (WORKER, COMMIT,
         "  auto receipt = log_->commit(offsets);\n"
         "  if (!receipt && receipt.error().kind() != ErrorKind::kFatal) return receipt.error();\n"
         "  if (!receipt) receipt = Receipt{};\n"),
    ]),
    Mutation("loss-ignored", "what is staged for a partition that the group took away is committed all the same", [
        (PARTITIONS, "  if (nothing_staged) return {};\n", "  if (nothing_staged || log_) return {};\n"),
    ]),
    # --- the restore
    Mutation("changelog-unread", "a restore trusts the local tables and does not read the changelog", [
        (TASK, "  const auto caught_up = touchstone::catch_up({id_, options_.changelog}, log, tables, pulse);\n",
         "  const Result<std::uint64_t> caught_up{0};\n"),
    ]),
    Mutation("slice-off-by-one", "a slice is taken to hold one record less than it does", [
        ("engine/flow/slices.h", "return positions_[slice] <= at;", "return positions_[slice] < Offset(at.value() + 2);"),
    ]),
    Mutation("slice-ahead-by-one", "a slice is taken to hold one record more than it does", [
        ("engine/flow/slices.h", "return positions_[slice] <= at;", "return positions_[slice] < at;"),
    ]),
    Mutation("replay-written", "what is processed again after a restart is written again", [
        (TASK, "    TOUCHSTONE_TRY(stage_->process(record, dropped));\n", "    TOUCHSTONE_TRY(stage_->process(record, out));\n"),
    ]),
    Mutation("replay-deltas-kept", "deltas of what is processed again are sent with the next new ones", [
        (TASK, "    stage_->flush(dropped);\n", ""),
    ]),
    Mutation("replay-too-long", "the first new record after a restart counts as one processed before", [
        (TASK, "kReplaying && at >= committed_)", "kReplaying && at > committed_)"),
    ]),
    Mutation("watermark-forgotten", "a restart forgets how far event time had come", [
        (JOURNEY, "  if (const auto highest = in.optional_time()) highest_.see(*highest);\n", "  (void)in.optional_time();\n"),
    ]),
    Mutation("sources-forgotten", "a restart of the windows stage forgets what its sources have told", [
        (WINDOWS, "  watermark_ = JoinedWatermark(std::move(state->sources), state->watermark);\n", ""),
    ]),
    Mutation("ids-forgotten", "a restart forgets which events a customer's were accepted", [
        (CUSTOMERS, "  keep(held_[slot], bytes);\n",
         "  scratch_.ids.clear();\n  writer_.clear();\n  codec_.encode(scratch_, writer_);\n  keep(held_[slot], writer_.bytes());\n"),
    ]),
    Mutation("lapses-forgotten", "a restart forgets when customers lapse", [
        (CUSTOMERS, "  stand(slot, scratch_);\n", "  held_[slot].queued = true;\n  stand(slot, scratch_);\n"),
    ]),
    Mutation("edges-forgotten", "a restart forgets when customers leave a window", [
        (WINDOWS, "      windows_.restore_edge(key, read_visitors(in));\n", "      (void)read_visitors(in);\n"),
    ]),
    Mutation("rows-forgotten", "a restart forgets which rows were written", [
        (WINDOWS, "      windows_.restore_row(key, std::move(row));\n", ""),
    ]),
    Mutation("no-tombstone", "a customer who is forgotten leaves no tombstone", [
        (CUSTOMERS, "    if (!find(id)) changes.push_back({customer_key(slice, id), std::nullopt});\n", "    (void)id;\n"),
    ]),
    # --- silence
    Mutation("silence-kept", "a partition that speaks again still counts as silent", [
        (JOURNEY, "  silent_ = false;\n  if (out.counts", "  if (out.counts"),
    ]),
    Mutation("silence-unheard", "a silent partition's silence is not told, so that it holds all windows back", [
        (WINDOWS, "  watermark_.update(source, head.mark, head.silent);\n", "  watermark_.update(source, head.mark, false);\n"),
    ]),
]
