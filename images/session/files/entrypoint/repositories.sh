# Clones of the repositories below /repos.

# A repository that is being cloned into its volume gets its git folder when that is whole. What it tracks says nothing of it.
repository_is_ready() {
  local source=/repos/$1
  GIT_CEILING_DIRECTORIES=/repos git -C "$source" rev-parse --git-dir &>/dev/null || return 1
  # A clone that somebody makes on the host has no commit yet. Nor has a new, empty repository: after some seconds it is taken for one.
  git -C "$source" rev-parse --quiet --verify HEAD &>/dev/null || ((SECONDS - waiting_since >= 5))
}

clone_repository() {
  local name=$1 temporary=/workspace/.clone-$1 waiting_since=$SECONDS
  [[ -e /workspace/$name ]] && return
  until repository_is_ready "$name"; do
    ((SECONDS - waiting_since < ${SESSION_REPOSITORY_WAIT:-60})) ||
      stay_failed "/repos/$name is no git repository that uid $(id -u) can read" "mount one there, or take $name out of the session's repositories, and run \"sessions up\""
    run sleep 0.2
  done
  run git clone --quiet -- "/repos/$name" "$temporary" ||
    die "/repos/$name could not be cloned (see above); it must be readable for uid $(id -u), and /workspace needs room for it."
  if git -C "$temporary" rev-parse --quiet --verify HEAD >/dev/null; then
    run git -C "$temporary" checkout --quiet -B "session/$id" || die "/repos/$name could not be checked out (see above)."
  else
    git -C "$temporary" symbolic-ref HEAD "refs/heads/session/$id"
  fi
  # A start that is killed before this line leaves nothing that looks like a finished clone.
  mv -T "$temporary" "/workspace/$name" || die "/workspace/$name could not be created."
}
