# shellcheck shell=bash
# What the demo prints, and how it gives up.
# shellcheck disable=SC2034 # the script that sources this uses the colours too

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
else
  bold='' green='' dim='' plain=''
fi

title() { printf '\n%s=== %s ===%s\n' "$bold" "$*" "$plain"; }

heading() { printf '\n%s--- %s%s\n' "$bold" "$*" "$plain"; }

fail() {
  printf '\nThe demo failed: %s\n' "$*" >&2
  exit 1
}

# Shows the first line of a file that matches a pattern, with what it proves; fails if there is none.
# Usage: expect FILE PATTERN MEANING
expect() {
  local file=$1 pattern=$2 meaning=$3 line
  line=$(grep --max-count 1 -- "$pattern" "$file") || fail "$meaning: no line of $file matches \"$pattern\""
  printf '%s✓%s %s: %.160s\n' "$green" "$plain" "$meaning" "${line#"${line%%[![:space:]]*}"}"
}
