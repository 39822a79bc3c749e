// `alerts` and `time.zone` of the configuration.
#pragma once

#include "engine/model/settings.h"
#include "ingest/yaml_reader.h"

namespace touchstone {

/// What is wrong becomes a problem and keeps its default.
void read_alerts(const YamlValue& value, AlertSettings& alerts);
void read_zone_name(const YamlValue& value, TimeZone& zone);

}  // namespace touchstone
