# The agent in its terminal, from its start to its end.

# Whether the agent has a conversation to go on with, in the folder where it starts.
has_conversation() {
  grep -qs '"type":"user"' "$HOME/.claude/projects/${folder//[^A-Za-z0-9]/-}"/*.jsonl
}

choose_agent() {
  local options=() resume=
  [[ ${AGENT_PERMISSIONS:-} != bypass ]] || options=(--permission-mode bypassPermissions)
  ! has_conversation || resume=--continue
  # For a command of the user's own: claude ${SESSION_RESUME:-"the prompt"}
  export SESSION_RESUME=$resume
  if [[ -n ${AGENT_TASK:-} ]]; then
    agent=(session-task "${options[@]}")
  elif [[ -n ${AGENT_COMMAND:-} ]]; then
    agent=(/bin/bash -c "$AGENT_COMMAND")
  elif command -v claude >/dev/null; then
    agent=(claude "${options[@]}" $resume)
  else
    agent=(/bin/bash -l)
  fi
}

start_agent() {
  local record
  printf -v record '/logs/%s-%(%Y%m%dT%H%M%SZ)T' "$id" -1
  # One command list, so that not even an agent that ends at once escapes the hook and the record. The hook is silent when
  # session-agent has spoken: for tmux, a second signal that nobody waits for takes the first one back.
  tmux -f /etc/tmux.conf new-session -d -s claude -n agent -x 200 -y 50 -c "$folder" -- session-agent "${agent[@]}" \; \
    set-option -w remain-on-exit on \; \
    set-hook -p pane-died 'if-shell -F "#{==:#{@agent-exit},}" "wait-for -S agent-ended"' \; \
    pipe-pane -O "exec session-record '$record' >/proc/1/fd/1" </dev/null >/dev/null ||
    die "tmux could not start the agent (see above)."
  write_runs running
  printf '%(%s)T\n' -1 >"$state/started"
}

# Sends a signal to the agent and to whatever it has put in the foreground of its terminal.
signal_agent() {
  local leader foreground
  ask '#{pane_pid}'
  leader=$answer
  [[ -n $leader ]] || return
  foreground=$(ps -o tpgid= -p "$leader")
  kill -s "$1" -- "-$leader" ${foreground:+"-${foreground// /}"} 2>/dev/null
}

agent_is_gone() {
  ask '#{pane_dead}:#{@agent-exit}'
  [[ $answer != 0: ]]
}

# The agent may finish what it does; a shell, which ignores TERM, is hung up on.
end_agent() {
  local signal tries
  for signal in TERM HUP KILL; do
    [[ $signal == TERM && ${agent[*]} == '/bin/bash -l' ]] && continue
    signal_agent "$signal"
    for ((tries = 0; tries < 25; tries++)); do
      agent_is_gone && break 2
      sleep 0.1
    done
  done
  end_tmux
}

# Ends tmux and gives the record a moment to write the last lines: they say why an agent failed.
end_tmux() {
  tm kill-server
  local tries
  for ((tries = 0; tries < 20; tries++)); do
    pgrep -f session-record >/dev/null || return
    sleep 0.05
  done
}

terminate() {
  trap '' TERM INT
  say "ending the agent"
  write_runs ended
  end_agent
  exit 143
}

# Ends everything that runs in this session, whoever started it: a limit is one for all of it.
end_everything() {
  trap 'exit 143' TERM INT
  end_agent
  kill -TERM -1 2>/dev/null
  sleep 1
  kill -KILL -1 2>/dev/null
}

expire() {
  say "the session ends: $1"
  end_everything
  complete "$1"
}

# Prints the seconds until the earlier of the two time limits, at least one; nothing when there is none.
seconds_left() {
  local idle=${SESSION_IDLE_TIMEOUT:-0} life=${SESSION_MAX_LIFETIME:-0} left='' active
  if ((life > 0)); then
    left=$((first_start + life - $(now)))
    ((left > 0)) || expire lifetime
  fi
  if ((idle > 0)); then
    ask '#{?#{e|>:#{session_activity},#{window_activity}},#{session_activity},#{window_activity}}'
    active=$((${answer:-$(now)} + idle - $(now)))
    ((active > 0)) || expire idle
    [[ -z $left ]] || ((active < left)) && left=$active
  fi
  next=$left
}

await_end() {
  local next waiter sleeper dead code='' status signal
  while [[ -z $code ]]; do
    # Returns when the agent has ended, and when tmux itself is gone.
    tmux wait-for agent-ended </dev/null &>/dev/null & waiter=$!
    sleeper=
    while kill -0 "$waiter" 2>/dev/null; do
      seconds_left
      [[ -z $next ]] || { sleep "$next" & sleeper=$!; }
      wait -n "$waiter" $sleeper
    done
    [[ -z $sleeper ]] || kill "$sleeper" 2>/dev/null
    ask '#{pane_dead}:#{@agent-exit}:#{pane_dead_status}:#{pane_dead_signal}'
    IFS=: read -r dead code status signal < <(printf "%s\n" "$answer")
    [[ -n $dead ]] || die "tmux or the agent's window was closed; the session starts again."
    [[ $dead == 0 || -n $code ]] || code=${status:-$((128 + ${signal:-9}))}
    # Whoever ended the waiting command only made us look.
    [[ -n $code ]] || run sleep 1
  done
  if [[ $code == 0 ]]; then
    say "the agent ended with 0"
    write_runs ended
    complete agent-exit
  fi
  end_tmux
  count_failure "$code"
  say "the agent ended with $code."
  exit "$code"
}
