// The bytes of a customer: what is kept in memory, in the tables and in the changelog, the same in all three. Numbers
// are those of the task's numbering, times are distances from the customer's highest one, so that an ordinary customer
// takes some 100 to 200 bytes. docs/formats.md has the grammar.
#pragma once

#include <string_view>

#include "engine/model/customer.h"
#include "engine/model/rules.h"
#include "engine/wire/bytes.h"
#include "engine/wire/numbering.h"

namespace touchstone {

/// Both directions for one task. Borrows rules and numbering.
class CustomerCodec {
 public:
  CustomerCodec(const Rules& rules, const Numbering& numbering) : rules_(rules), numbering_(numbering) {}

  /// Appends. Panes of presence must be panes of the rules.
  void encode(const Customer& customer, ByteWriter& out) const;
  /// Takes the place of whatever `into` held, and uses its memory. What the map no longer knows is left out: touches of
  /// touchpoints that are gone; visits stay, and count where the map still knows them. False for bytes that are not a
  /// customer.
  [[nodiscard]] bool decode(std::string_view bytes, Customer& into) const;

 private:
  void encode_presence(const Customer& customer, ByteWriter& out) const;
  void decode_touches(ByteReader& in, Customer& into) const;
  void decode_presence(ByteReader& in, Customer& into) const;

  const Rules& rules_;
  const Numbering& numbering_;
};

}  // namespace touchstone
