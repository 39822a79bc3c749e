#!/bin/bash
# Invented customers for the retail map, some ten events a second, as records of Kafka's console producer: KEY, tab, JSON.
# Every third of them answers a survey now and then. With --print N, so many go to
# standard output at once instead.
set -euo pipefail

readonly kProducts=(lamp chair table shelf rug)
readonly kTiers=('' '' ',"tier":"silver"' ',"tier":"gold"')

event() { # customer, type, channel, attributes, further fields
  printf '%s\t{"type":"%s","channel":"%s","attributes":{%s}%s}\n' "$1" "$2" "$3" "$4" "$5"
}

shop() {
  local customer number path tier left=${1-}
  while [[ -z $left ]] || ((left-- > 0)); do
    number=$((RANDOM % 500))
    customer=c$number
    tier=${kTiers[number % 4]}
    path="/product/${kProducts[RANDOM % 5]}"
    case $((RANDOM % 20)) in
      0 | 1) event "$customer" ad_click ad '"network":"search"' '' ;;
      2) event "$customer" email_open email '' '' ;;
      3) event "$customer" store_visit store '' '' ;;
      4) event "$customer" purchase store "\"store\":\"1\"$tier" ",\"value\":$((RANDOM % 200 + 5)),\"wait_s\":$((RANDOM % 240))" ;;
      5) event "$customer" purchase web "\"cart\":\"1\"$tier" ",\"value\":$((RANDOM % 200 + 5))" ;;
      6) event "$customer" delivery delivery '' ",\"wait_s\":$((RANDOM % 200000 + 40000))" ;;
      7) event "$customer" call phone '"topic":"order"' ",\"wait_s\":$((RANDOM % 300)),\"duration_s\":$((RANDOM % 600))" ;;
      8) ((number % 3)) || event "$customer" survey_response survey '' ",\"feedback\":{\"csat\":$((RANDOM % 3 + 3)),\"ces\":$((RANDOM % 4 + 4))}" ;;
      9) ((number % 3)) || event "$customer" survey_response survey '' ",\"feedback\":{\"nps\":$((RANDOM % 5 + 6)),\"about\":\"survey.relationship\"}" ;;
      10) event "$customer" search web '' '' ;;
      *) event "$customer" page_view web "\"path\":\"$path\"$tier" ",\"duration_s\":$((RANDOM % 90))" ;;
    esac
    [[ -n $left ]] || sleep 0.1
  done
}

if [[ ${1-} == --print ]]; then
  shop "$2"
else
  shop | /opt/kafka/bin/kafka-console-producer.sh --bootstrap-server "$BOOTSTRAP" --topic "$TOPIC" \
    --reader-property parse.key=true --reader-property key.separator=$'\t'
fi
