# The limit of processes, without which nothing of the agent is started.

# Prints the limit of this container's own control group, of version 1 or 2. The group's path is only valid where the
# container sees the host's tree; otherwise the root of the mount is the container's own group.
process_limit() {
  local controllers path file value
  while IFS=: read -r _ controllers path; do
    case ",$controllers," in
      *,pids,*) set -- "/sys/fs/cgroup/pids$path/pids.max" /sys/fs/cgroup/pids/pids.max ;;
      ,,) set -- "/sys/fs/cgroup$path/pids.max" /sys/fs/cgroup/pids.max ;;
      *) continue ;;
    esac
    for file; do
      if [[ -r $file ]] && read -r value <"$file"; then
        printf '%s' "$value"
        return
      fi
    done
  done </proc/self/cgroup
}

# Some engines can set the limit only on a container that runs already, so the agent waits for it.
await_process_limit() {
  [[ ${SESSION_PIDS_REQUIRED:-1} == 0 ]] && return
  local limit deadline=$((SECONDS + ${SESSION_PIDS_WAIT:-60}))
  until limit=$(process_limit) && [[ $limit =~ ^[0-9]+$ ]]; do
    ((SECONDS < deadline)) || die "the container has no process limit (pids.max is ${limit:-not readable}), so the agent is not started; set one on the container, or SESSION_PIDS_REQUIRED=0 where the platform limits processes elsewhere."
    run sleep 0.05
  done
}
