# For the checks of other people's programs: starts a Rollcall of their own, on SQLite in a temporary folder, and stops it.
# To be sourced. Sets `url` and exports ROLLCALL_ADMIN_KEY; whoever sources it says in `name` who is speaking.

# The program to check: the first argument, or what was built last.
target=${CARGO_TARGET_DIR:-$here/../../target}
rollcall=${1:-$target/debug/rollcall}
[ -x "$rollcall" ] || { printf '%s: %s is missing; run cargo build first\n' "$name" "$rollcall" >&2; exit 1; }

data=$(mktemp -d)
server=
stop_server() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  server=
}
stop_serving() {
  local status=$?
  stop_server
  # Log lines only: what else the server prints at its first start are keys.
  [ $status = 0 ] || grep "^{" "$data/log" 2>/dev/null | tail -n 20 >&2 || true
  rm -rf "$data"
  exit $status
}
trap stop_serving EXIT

# start_serving [VARIABLE=VALUE…]: with these settings. One that was started before is stopped, and its data is gone.
start_serving() {
  if [ -n "$server" ]; then
    stop_server
    rm -rf "${data:?}"/*
  fi
  ROLLCALL_ADMIN_KEY=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
  export ROLLCALL_ADMIN_KEY
  # Nothing of the caller's own installation may reach this one.
  env -u ROLLCALL_DATABASE_URL -u ROLLCALL_BUS_URL -u ROLLCALL_PUBLIC_URL -u OTEL_EXPORTER_OTLP_ENDPOINT \
    ROLLCALL_DATA_DIR="$data" ROLLCALL_LISTEN=127.0.0.1:0 ROLLCALL_LOG_FORMAT=json "$@" \
    "$rollcall" serve >"$data/log" 2>&1 &
  server=$!
  local end=$((SECONDS + 60))
  until url=$(sed -n 's/^{.*"message":"listening".*"address":"\([^"]*\)".*/http:\/\/\1/p; s/^{.*"address":"\([^"]*\)".*"message":"listening".*/http:\/\/\1/p' "$data/log" | head -n 1) &&
    [ -n "$url" ] && curl -fsS -o /dev/null "$url/readyz" 2>/dev/null; do
    if [ $SECONDS -ge $end ] || ! kill -0 "$server" 2>/dev/null; then
      printf '%s: the server did not get ready\n' "$name" >&2
      exit 1
    fi
    sleep 0.1
  done
}

# python_tools NAME: a virtual environment with the pinned packages of `requirements.txt`. It is kept with the build output and
# made again when they change.
python_tools() {
  venv=$target/$1
  cmp -s "$here/requirements.txt" "$venv/installed.txt" && return
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$here/requirements.txt"
  cp "$here/requirements.txt" "$venv/installed.txt"
}

# node_tools NAME: the same with `package-lock.json`.
node_tools() {
  node=$target/$1
  cmp -s "$here/package-lock.json" "$node/installed.json" && return
  rm -rf "$node"
  mkdir -p "$node"
  cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$node/"
  (cd "$node" && npm ci --silent --ignore-scripts)
  cp "$here/package-lock.json" "$node/installed.json"
}
