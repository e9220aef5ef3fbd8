# Runs one PostgreSQL server, and removes its folder once standard input has ended.
#
# Standard input is held open by the owners of the server and by nobody else,
# so that it ends with the last of them, however they went. It is a pipe of one
# owner, or the FIFO `alive` that any number of processes join.
#
# Arguments: folder, binaries, address to listen on or nothing, port, the folder
# where a shared server is registered or nothing, seconds to linger, then one or
# more alternatives of locale options for initdb.
#
# This shell is the leader of a process group of its own, and signals only that
# group and the server that it started.

dir=$1 bin=$2 address=$3 port=$4 meeting=$5 linger=$6
shift 6
cd "$dir" || exit 1

create_data() {
    auth='-A trust'
    [ -e password ] && auth='-A scram-sha-256 --pwfile=password'
    for locale in "$@"; do
        # Both are lists of options, to be split.
        "$bin/initdb" -D data -U postgres -E UTF8 --no-sync --no-instructions \
            --wal-segsize=1 $auth $locale && break
        rm -rf data
    done
    rm -f password
    [ -d data ] && cat settings >>data/postgresql.conf
}

# Writes `pid` once the server runs, and `ended` when nothing runs any more.
run() {
    # Whoever signals the whole group must not leave the server without its parent.
    trap '' INT TERM HUP
    if create_data "$@" && [ ! -e stop ]; then
        "$bin/postgres" -D data -k "$dir" -p "$port" -c listen_addresses="$address" &
        echo $! >pid
        wait $!
    fi
    echo $? >ended
}

# A server that was killed leaves its lock file, which names the segment of shared
# memory that it leaves, too.
remove_memory() {
    [ -f data/postmaster.pid ] || return
    sed -n 7p data/postmaster.pid | {
        read -r key id && ipcrm -m "$id"
    } 2>/dev/null
}

# A signal can be lost while a program is starting: repeat until all have gone.
stop() {
    trap '' INT TERM HUP
    : >stop
    round=0
    while [ ! -e ended ] && kill -0 "$runner" 2>/dev/null; do
        round=$((round + 1))
        if [ -s pid ]; then
            read -r server <pid
            # Fast shutdown; immediate shutdown where that takes over 3 seconds.
            if [ "$round" -lt 150 ]; then kill -INT "$server"; else kill -QUIT "$server"; fi
        else
            kill -INT 0
        fi
        sleep 0.02
    done 2>/dev/null
    wait "$runner"
    remove_memory
    cd /
    if [ -n "$meeting" ]; then
        rm -f "$meeting/${dir##*/}"
        # Fails while somebody meets there, or another server is registered.
        rmdir "$meeting" 2>/dev/null
    fi
    # Processes that outlive a killed server for a moment may still write files.
    for delay in 0.1 0.5 1 5; do
        rm -rf "$dir" 2>/dev/null && break
        sleep $delay
    done
    exit 0
}

trap '' INT
trap stop TERM HUP
run "$@" >log 2>&1 </dev/null &
runner=$!

while :; do
    while read -r line; do :; done
    [ -p alive ] || break
    sleep "$linger"
    # An owner that joined meanwhile has written a line.
    read -r line && continue
    # Nobody can join any more; serve one that did just before.
    rm -f alive
    while read -r line; do :; done
    break
done
stop
