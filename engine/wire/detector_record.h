// The bytes of a cell's detectors: what changes with every pane, and what changes with every hour, apart. Numbers that
// are no integers are written as the bits they are, so that what is read is what was.
//
//   recent := version flags last waits *level [silence] alerts
//   past   := version flags *level [silence]                   flags: which detectors there are
#pragma once

#include <string>
#include <string_view>

#include "engine/model/detect.h"
#include "engine/model/rules.h"

namespace touchstone {

[[nodiscard]] std::string encode_detectors(const CellDetectors& held, DetectorPart part, const Names& names);
/// Makes the detectors that are not there yet. Segments and channels not yet known are added to the names; `cell` is
/// whose detectors they are. False: these bytes are no detectors.
[[nodiscard]] bool decode_detectors(std::string_view bytes, DetectorPart part, const CellKey& cell, Names& names,
                                    CellDetectors& held);

}  // namespace touchstone
