// Turns a record's bytes into an Event, or says why they are none: JSON in, the model's values out.
//
// This is the seam for other formats: nothing else in the engine knows JSON, and whatever else may come fills
// the same Event behind the same port. It reads records only; what an event means is decided elsewhere.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "engine/flow/ports.h"
#include "engine/model/event.h"
#include "engine/model/time.h"

namespace touchstone {

/// Decodes one JSON object a record. One thread owns it. It holds some 15 MB of address space, of which only
/// what records need is ever touched, and allocates nothing for an ordinary record.
class EventDecoder final : public Decoder {
 public:
  /// An event more than `max_future` after its record's timestamp is refused.
  explicit EventDecoder(Millis max_future);
  ~EventDecoder() override;

  /// Everything in the event, the customer of the record's key too, is a copy that lives until the next call.
  [[nodiscard]] Decoded decode(const Record& record) override;

  /// Whom the record of the last decode() was about, even where it was refused: its own customer if that
  /// could be read, else its key, else nothing. Valid UTF-8, never empty; lives until the next decode().
  [[nodiscard]] std::optional<std::string_view> customer() const override;

  /// Whom the record of the last decode() asks to forget, in files, where no record has a null value: the
  /// text of the single key `forget`. As an event such a record is refused. Lives until the next decode().
  [[nodiscard]] std::optional<std::string_view> forget() const;

 private:
  class Reader;
  std::unique_ptr<Reader> reader_;
};

}  // namespace touchstone
