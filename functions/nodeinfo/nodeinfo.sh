#!/bin/sh
# Says where it runs. Whatever is on standard input is not read.
echo "node:     $(uname -n)"
echo "system:   $(uname -s) $(uname -r) $(uname -m)"
echo "replica:  ${FAAS_REPLICA:-unknown}"
echo "request:  ${Http_Method:-?} ${Http_Path:-/}${Http_Query:+?$Http_Query}"
echo "time:     $(date -u +%Y-%m-%dT%H:%M:%SZ)"
