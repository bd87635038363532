"""The control socket: a Unix stream socket, one JSON object per line, each way.  Protocol version 1.

server, at once   {"offhook": 1, "version": "0.1.0"}
client            {"id": 7, "do": "dial", "number": "600"}
server            {"id": 7, "ok": true, "result": {…}}     or {"id": 7, "ok": false, "error": "words"}

do       arguments                       result
status   –                               the fields of `phone.station.Status`, and "service": {…}
dial     number                          {}
answer   –                               {}
hangup   –                               {}
key      key (0-9 * # or a function)     {}
hook     lifted (true, false)            {}
calls    limit (1-500, default 20)       {"calls": [{…}, …]}   newest first, times in UTC
trace    –                               {} and from then on lines {"trace": {"at", "out", "local", "peer", "text"}}
test     output (bell lamp keys audio)   {} ; "keys": lines {"key": …} follow
config   –                               {"config": {…}}       secrets masked
"""
