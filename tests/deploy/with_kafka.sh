#!/usr/bin/env bash
# Runs a command with a real Kafka at the address in TOUCHSTONE_KAFKA, and ends that Kafka whatever happens. Exits 77
# (skipped) where Java or Maven is not installed.
set -euo pipefail

kafka_local=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)/deploy/kafka-local/kafka-local
for program in java mvn; do
  command -v "$program" >/dev/null || {
    echo "skipped: no $program"
    exit 77
  }
done

scratch=$(mktemp -d)
cleanup() {
  [[ ! -d $scratch/kafka ]] || "$kafka_local" stop --dir "$scratch/kafka" || true
  rm -rf -- "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

TOUCHSTONE_KAFKA=$("$kafka_local" start --dir "$scratch/kafka")
export TOUCHSTONE_KAFKA
"$@"
