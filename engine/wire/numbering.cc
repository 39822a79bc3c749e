#include "engine/wire/numbering.h"

namespace touchstone {
namespace {

constexpr std::uint8_t kNumberingVersion = 1;

}  // namespace

Numbering::Numbering(const Rules& rules) { know(rules); }

std::size_t Numbering::size() const { return touchpoints.size() + channels.size() + segments.size() + stages.size(); }

void Numbering::know(const Rules& rules) {
  const std::size_t before = size();
  touchpoints.know(rules.touchpoints());
  channels.know(rules.channels());
  segments.know(rules.segments());
  stages.know(rules.stages());
  has_grown_ = size() > before;
}

std::optional<Numbering> Numbering::decode(std::string_view bytes, const Rules& rules) {
  ByteReader in(bytes);
  if (in.byte() != kNumberingVersion) return std::nullopt;
  Numbering numbering;
  numbering.touchpoints.read(in);
  numbering.channels.read(in);
  numbering.segments.read(in);
  numbering.stages.read(in);
  if (!in.done()) return std::nullopt;
  numbering.know(rules);
  return numbering;
}

std::string Numbering::encode() const {
  ByteWriter out;
  out.byte(kNumberingVersion);
  touchpoints.write(out);
  channels.write(out);
  segments.write(out);
  stages.write(out);
  return out.take();
}

}  // namespace touchstone
