#!/usr/bin/env bash
# Every shell script of the tree as ShellCheck likes it, and the set-up's own promises that need no installing. Exits 77
# (skipped) where ShellCheck is not installed and the rest holds.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

failures=0
fails() {
  echo "FAIL  $*"
  failures=$((failures + 1))
}
exit_code() { # the code, a command
  local code=0
  "${@:2}" >/dev/null 2>&1 </dev/null || code=$?
  [[ $code == "$1" ]] || fails "exit code $code, not $1: ${*:2}"
}

exit_code 64 ./check --everything
exit_code 64 deploy/setup --everything
exit_code 64 deploy/tidy --everything
exit_code 0 ./check --help
exit_code 0 deploy/setup --help

mapfile -t scripts < <(
  find . -path ./build -prune -o -path ./.git -prune -o -type f -size -200k -print0 |
    xargs -0 grep -lE -m1 '^#!(/usr)?/bin/(env )?(ba)?sh' | sort
)
for script in "${scripts[@]}"; do
  [[ -x $script ]] || fails "$script is not executable"
  bash -n "$script" || fails "$script cannot be read"
done

if command -v shellcheck >/dev/null; then
  shellcheck "${scripts[@]}" || fails "ShellCheck"
elif [[ $failures -eq 0 ]]; then
  echo "skipped: no shellcheck (deploy/setup --tests installs it)"
  exit 77
fi
[[ $failures -eq 0 ]] || exit 1
echo "ok: ${#scripts[@]} scripts"
