# Ends what a playground leaves behind. Its standard input is a pipe from the playground: when the playground
# is gone, however it died, reading ends, and every process group still registered is killed and the state
# folder removed.
# Lines: "+ PGID" registers, "- PGID" forgets, "run ID" says what to look for, each "dir PATH" what to remove,
# "shared PATH" a folder to remove when nothing is left in it.
trap '' INT TERM HUP
groups=' '
run=''
shared=''
set --
while read -r word value; do
  case $word in
    +) groups="$groups$value " ;;
    -) case $groups in *" $value "*) groups="${groups%%" $value "*} ${groups#*" $value "}" ;; esac ;;
    run) run=$value ;;
    dir) set -- "$@" "$value" ;;
    shared) shared=$value ;;
  esac
done
for group in $groups; do kill -KILL -- "-$group" 2>/dev/null; done
# A process started in the very instant its parent died never got registered: its environment gives it away
# (Linux).
if [ -n "$run" ] && [ -d /proc/self ]; then
  for environ in $(grep -ls "PLAYGROUND_RUN=$run" /proc/[0-9]*/environ 2>/dev/null); do
    pid=${environ#/proc/}
    kill -KILL "${pid%/environ}" 2>/dev/null
  done
fi
if [ $# -gt 0 ]; then rm -rf -- "$@"; fi
if [ -n "$shared" ]; then rmdir -- "$shared" 2>/dev/null; fi
exit 0
