#!/usr/bin/env bash
# deploy/kafka-local against what it promises. Exits 77 (skipped) where Java, Maven or kcat is not installed.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
kafka_local=$root/deploy/kafka-local/kafka-local

for program in java mvn kcat; do
  command -v "$program" >/dev/null || {
    echo "skipped: no $program"
    exit 77
  }
done

scratch=$(mktemp -d)
cleanup() {
  for instance in "$scratch"/*/; do
    [[ ! -f $instance/kafka.ports ]] || "$kafka_local" stop --dir "$instance" || true
  done
  rm -rf -- "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

failures=0
check() { # what should be so, a command that holds then
  if "${@:2}"; then
    echo "ok    $1"
  else
    echo "FAIL  $1"
    failures=$((failures + 1))
  fi
}
equal() { [[ $1 == "$2" ]] || { printf '  got:      %q\n  expected: %q\n' "$1" "$2" && false; }; }
exit_code() { # the code, a command
  local code=0
  "${@:2}" >/dev/null 2>&1 || code=$?
  equal "$code" "$1"
}
is_gone() { # a directory, of which no server may be left either
  local process
  [[ ! -e $1 ]] || return 1
  for process in /proc/[0-9]*/cmdline; do
    if tr '\0' '\n' 2>/dev/null <"$process" | grep -qxF "$1/server.properties"; then return 1; fi
  done
}
produce() { kcat -q -P -b "$address" -t touchpoints "$@"; }
consume() { # everything that is in the topic, as a transactional reader sees it
  "$kafka_local" tool org.apache.kafka.tools.consumer.ConsoleConsumer --bootstrap-server "$address" \
    --topic touchpoints --from-beginning --isolation-level read_committed \
    --max-messages "$1" --timeout-ms 20000 2>"$scratch/consumer.log" || cat "$scratch/consumer.log"
}

check "wrong usage is exit code 64" exit_code 64 "$kafka_local"
check "an unknown command is exit code 64" exit_code 64 "$kafka_local" begin
check "an unknown option is exit code 64" exit_code 64 "$kafka_local" start --keep
check "a bad port is exit code 64" exit_code 64 "$kafka_local" start --port 65536
check "stop without a directory is exit code 64" exit_code 64 "$kafka_local" stop
check "status without an instance is exit code 1" exit_code 1 "$kafka_local" status --dir "$scratch/none"
mkdir "$scratch/other"
touch "$scratch/other/file"
check "a directory with somebody's files is not used" exit_code 1 "$kafka_local" start --dir "$scratch/other"
check "and not removed" exit_code 1 "$kafka_local" stop --dir "$scratch/other"
check "and keeps its files" test -f "$scratch/other/file"

# With a space in the name, so that quoting is tested too.
one="$scratch/instance one"
address=$("$kafka_local" start --dir "$one")
check "start prints an address on the loopback and nothing else" grep -qxE '127\.0\.0\.1:[0-9]+' <<<"$address"
check "status prints the same address" equal "$("$kafka_local" status --dir "$one")" "$address"
check "a second start on a running instance fails" exit_code 1 "$kafka_local" start --dir "$one"

"$kafka_local" tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$address" --create --topic touchpoints \
  --partitions 1 >/dev/null
check "a tool prints only its output" equal \
  "$("$kafka_local" tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$address" --list 2>/dev/null)" touchpoints

printf 'one\ntwo\nthree\n' | produce
check "three messages come back" equal "$(consume 3)" $'one\ntwo\nthree'
printf 'four\n' | produce -X transactional.id=kafka-local-test
check "a transaction comes back once it is committed" equal "$(consume 4)" $'one\ntwo\nthree\nfour'

two=$scratch/two
other_address=$("$kafka_local" start --dir "$two")
check "two instances run side by side" exit_code 1 test "$other_address" = "$address"
"$kafka_local" stop --dir "$two"
check "stop leaves no directory and no process" is_gone "$two"

"$kafka_local" kill --dir "$one"
check "a killed instance is not alive" exit_code 1 "$kafka_local" status --dir "$one"
check "after a kill it comes back at the same address" equal "$("$kafka_local" start --dir "$one")" "$address"
# As if the controller had ended before it had written that the former server is dead: it would be waited for two minutes.
"$kafka_local" kill --dir "$one"
: >"$one/kafka.stopped"
check "also where the former server still counts as alive" equal "$("$kafka_local" start --dir "$one")" "$address"
check "which it says itself" test "$(grep -c DuplicateBrokerRegistrationException "$one/kafka.log")" -gt 0
check "with its data" equal "$(consume 4)" $'one\ntwo\nthree\nfour'

"$kafka_local" stop --dir "$one" --keep
check "a kept instance is not alive" exit_code 1 "$kafka_local" status --dir "$one"
check "a kept instance comes back at the same address" equal "$("$kafka_local" start --dir "$one")" "$address"
printf 'five\n' | produce
check "with its data, and takes more" equal "$(consume 5)" $'one\ntwo\nthree\nfour\nfive'
"$kafka_local" stop --dir "$one"
check "stop leaves no directory and no process this time either" is_gone "$one"

[[ $failures -eq 0 ]] || {
  echo "$failures failed"
  exit 1
}
echo "all passed"
