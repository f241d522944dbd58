#!/bin/sh
# Health checks on /readyz for nginx, which has none in its free edition:
#
#   nginx-ready.sh FILE RELOAD NODE…
#   nginx-ready.sh /etc/nginx/interdict-nodes.conf 'nginx -s reload' 10.0.0.1:8080 10.0.0.2:8080 10.0.0.3:8080
#
# Asks each node once a second, writes FILE when something has changed, and runs RELOAD. Nodes that are ready
# serve. When none is ready, because the database is away, those that live serve: they still know every block
# that they knew, and the merchants' outage policies say what becomes of the rest. When none lives, all are left
# in, so that nginx finds the first that comes back.
set -u

file=$1
reload=$2
shift 2

answers() {
    curl --fail --silent --max-time 1 --output /dev/null "http://$1"
}

while :; do
    ready='' alive=''
    for node in "$@"; do
        if answers "$node/readyz"; then
            ready="$ready $node"
        elif answers "$node/healthz"; then
            alive="$alive $node"
        fi
    done
    serving=${ready:-${alive:-$*}}
    for node in "$@"; do
        case " $serving " in
            *" $node "*) echo "server $node max_fails=3 fail_timeout=2s;" ;;
            *) echo "server $node down;" ;;
        esac
    done >"$file.new"
    if cmp -s "$file.new" "$file"; then
        rm "$file.new"
    else
        mv "$file.new" "$file"
        echo "serving:$serving"
        $reload || echo "nginx does not take the list of nodes: $reload has failed" >&2
    fi
    sleep 1
done
