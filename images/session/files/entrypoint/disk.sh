# The limit of the disk: a session beyond it is ended.

stay_full() { stay_failed "$1" "\"sessions exec $id\" can make room, then \"sessions start $id\" starts it again"; }

# An agent that is started only to be ended again would fill what was made room for.
refuse_full_disk() {
  local reason code
  reason=$(timeout 300 session-disk --once)
  code=$?
  ((code != 3)) || stay_full "$reason"
  return $code
}

# The watch has the agent's rights, so the agent could end it; it comes back.
watch_disk() {
  until session-disk; (($? == 3)); do sleep 1; done
  kill -USR1 $$
}

overrun() {
  trap '' USR1
  end_everything
  refuse_full_disk || stay_full disk
  # Whatever was too much has gone with the processes.
  exit 1
}
