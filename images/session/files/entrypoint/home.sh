# What the agent finds: folders, its credentials, and answers to what it would ask at its start.

prepare_folders() {
  # What a killed start left behind, and temporary files of the agent before this one.
  rm -rf /workspace/.clone-* "$TMPDIR" "$state"/started
  mkdir -p "$HOME" "$TMPDIR" "$XDG_CONFIG_HOME" "$XDG_CACHE_HOME" "$XDG_DATA_HOME" "$XDG_STATE_HOME"
  # These are rewritten in place, which works on a full tmpfs too: by the health check, and when the session has failed.
  printf '0\n' >"$state/health-failures"
  printf '%120s\n' '' >"$state/failed"
  if [[ -z $(git config --global user.email) ]]; then
    git config --global user.name "agent ${AGENT_ID:-$id}"
    git config --global user.email "agent-$id@localhost"
  fi
} &>/dev/null

# Tells the agent where its credentials are. It reads each of these anew when a request is refused, so a changed secret needs
# no restart. AWS credentials it finds by AWS_SHARED_CREDENTIALS_FILE.
map_credentials() {
  local folder=$HOME/.claude helper=/usr/local/bin/session-credential store=$HOME/.claude/.credentials.json
  mkdir -p "$folder"
  # What an earlier start has set, when the credentials have gone or have another form.
  [[ $(readlink "$store") != /auth/* ]] || rm -f "$store"
  if [[ -e /auth/.credentials.json ]]; then
    [[ ! -e $store ]] || mv -f "$store" "$store.own"
    ln -s /auth/.credentials.json "$store"
  fi
  # A token of `claude setup-token` is no API key, and the agent takes it from this variable at its start.
  [[ ${CLAUDE_AUTH_TOKEN:-} != sk-ant-oat* ]] || export CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_AUTH_TOKEN
  if [[ -e /auth/token || -n ${CLAUDE_AUTH_TOKEN:-} && -z ${CLAUDE_CODE_OAUTH_TOKEN:-} ]]; then
    edit_settings ".apiKeyHelper = \"$helper\""
  else
    [[ ! -e $folder/settings.json ]] || edit_settings "if .apiKeyHelper == \"$helper\" then del(.apiKeyHelper) else . end"
  fi
} 2>/dev/null

# edit FILE FILTER ARGUMENT...: changes JSON of the agent's own with jq and leaves the rest of it. What is no JSON stays as it is.
edit() {
  local file=$1
  shift
  [[ -s $file ]] || echo '{}' >"$file"
  jq "$@" "$file" >"$file.new" && mv -f "$file.new" "$file" || rm -f "$file.new"
}

edit_settings() { edit "$HOME/.claude/settings.json" "$@"; }

# Nobody may be there to answer what Claude Code asks at its start: for a theme at its first, whether it may work in a folder,
# and whether it may use tools without asking.
prepare_agent() {
  command -v claude >/dev/null || return
  local folder
  edit "$HOME/.claude.json" '.hasCompletedOnboarding //= true'
  for folder in ${AGENT_TRUSTED:-}; do
    edit "$HOME/.claude.json" --arg folder "$folder" '.projects[$folder].hasTrustDialogAccepted = true'
  done
  [[ ${AGENT_PERMISSIONS:-} != bypass ]] || edit_settings '.skipDangerousModePermissionPrompt = true'
} 2>/dev/null

# The agent knows an address, the proxy is a socket.
forward_to_proxy() {
  while :; do
    node /usr/local/lib/agent-sessions/credential-forward.js "$1"
    sleep 1
  done
}
