# What became of the runs before this one, and sessions that run nothing any more: complete ones and failed ones.

# /session/runs: how often the agent has failed, what it ended with last, and whether it has ended. Whatever ended a run that
# did not say so, such as the kernel for want of memory, is a failure; being told to stop is none.
write_runs() { printf '%d %d %s\n' "$failures" "$last" "$1" >/session/runs; } 2>/dev/null

# Sets failures and last, of the runs before this one.
read_runs() {
  local how
  read -r failures last how 2>/dev/null </session/runs
  [[ ${failures:-} =~ ^[0-9]{1,6}$ && ${last:-} =~ ^[0-9]{1,3}$ ]] || failures=0 last=0
  [[ ${how:-} != running ]] || count_failure 137
}

count_failure() {
  ((failures += 1))
  last=$1
  write_runs ended
}

# What was asked for is another thing now, so what became of it before says nothing.
forget_other_work() {
  local work before
  # Without line breaks at the end, which reading the file takes away too.
  work=$(printf '%s' "${AGENT_COMMAND:-}${AGENT_TASK:+task: $AGENT_TASK}")
  before=$(printf '%s' "${AGENT_COMMAND:-}")
  [[ ! -e /session/work ]] || before=$(</session/work)
  [[ $before == "$work" ]] || session-again
  printf '%s\n' "$work" >/session/work
} 2>/dev/null

# After its last try a session stays failed; before that, each try waits longer. A key that was refused is refused again.
heed_failures() {
  local pause=${SESSION_RETRY_PAUSE:-5} try
  ((failures > 0)) && [[ -n ${SESSION_RETRIES:-} ]] || return
  if ((failures > SESSION_RETRIES)) || [[ -n ${AGENT_TASK:-} && -n $(session-key) ]]; then
    local starts="$failures starts"
    ((failures > 1)) || starts="1 start"
    stay_failed "exit $last, $starts" "\"sessions start $id\" runs it again"
  fi
  for ((try = 1; try < failures && pause < 300; try++)); do ((pause *= 3)); done
  ((pause < 300)) || pause=300
  say "the agent failed ($failures of $((SESSION_RETRIES + 1)) starts); it starts again in $pause s."
  run sleep "$pause"
}

stay_complete() {
  say "complete: $(cat /session/complete 2>/dev/null)"
  printf '%(%s)T\n' -1 >"$state/started"
  trap 'exit 143' TERM INT
  while :; do run sleep infinity; done
}

complete() {
  local reason=$1
  printf '{"reason":"%s","time":"%(%Y-%m-%dT%H:%M:%SZ)T"}\n' "$reason" -1 >/session/.complete &&
    mv -T /session/.complete /session/complete ||
    say "/session cannot be written; after a restart of the container the agent would start again."
  stay_complete
}

# stay_failed WHY WAY-OUT: nothing of it is kept; whoever has mended the cause starts the session again.
stay_failed() {
  trap '' USR1
  trap 'exit 143' TERM INT
  say "failed: $1. Nothing runs any more and all data is kept: $2."
  printf '%-120.120s\n' "$1" 1<>"$state/failed"
  while :; do run sleep infinity; done
}
