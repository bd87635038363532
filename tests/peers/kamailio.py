"""Debian's kamailio as registrar and proxy: digest, Record-Route, nothing stored."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from support.process import Program

CONFIG: Final = """
debug=2
log_stderror=yes
memdbg=5
memlog=5
fork=yes
children=1
listen=udp:127.0.0.1:{port}
auto_aliases=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "auth.so"
loadmodule "kex.so"
modparam("rr", "enable_full_lr", 1)
modparam("registrar", "gruu_enabled", 0)
modparam("registrar", "min_expires", 5)
modparam("usrloc", "db_mode", 0)
modparam("auth", "nonce_expire", 60)
modparam("auth", "qop", "auth")

route[PASSWORD] {{
    $var(secret) = "";
{secrets}
}}

route[AUTHENTICATE] {{
    if ($au != $null) {{
        $var(user) = $au;
        route(PASSWORD);
    }}
    if (is_method("REGISTER")) {{
        if ($au == $null || $var(secret) == "" || !pv_www_authenticate("{domain}", "$var(secret)", "0")) {{
            www_challenge("{domain}", "1");
            exit;
        }}
    }} else {{
        if ($au == $null || $var(secret) == "" || !pv_proxy_authenticate("{domain}", "$var(secret)", "0")) {{
            proxy_challenge("{domain}", "1");
            exit;
        }}
        consume_credentials();
    }}
}}

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (has_totag()) {{
        if (loose_route()) {{
            if (is_method("BYE")) {{ xlog("L_NOTICE", "PROXY BYE $ci\\n"); }}
            if (!t_relay()) {{ sl_reply_error(); }}
            exit;
        }}
        if (is_method("ACK")) {{
            if (t_check_trans()) {{ t_relay(); }}
            exit;
        }}
        sl_send_reply("404", "Not Here");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) {{ t_relay(); }}
        exit;
    }}
    t_check_trans();
    if (is_method("REGISTER")) {{
        route(AUTHENTICATE);
        save("location");
        xlog("L_NOTICE", "PROXY REGISTERED $tU expires $hdr(Expires) contact $ct\\n");
        exit;
    }}
    route(AUTHENTICATE);
    record_route();
    if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
    xlog("L_NOTICE", "PROXY $rm $fU to $tU\\n");
    if (!t_relay()) {{ sl_reply_error(); }}
}}
"""  # noqa: E501  kamailio's own lines

CREDENTIAL: Final = '    if ($var(user) == "{user}") {{ $var(secret) = "{password}"; }}'


@contextmanager
def kamailio(
    directory: Path, port: int, domain: str, users: Mapping[str, str]
) -> Iterator[Program]:
    """A proxy on loopback that knows `users` (name to password); ready when yielded."""
    secrets = "\n".join(CREDENTIAL.format(user=u, password=p) for u, p in users.items())
    config = directory / "kamailio.cfg"
    config.write_text(CONFIG.format(port=port, domain=domain, secrets=secrets))
    runtime = directory / "kamailio"
    runtime.mkdir()
    command = [
        "kamailio",
        "-DD",
        "-E",
        "-m",
        "32",
        "-M",
        "4",
        "-f",
        str(config),
        "-Y",
        str(runtime),
    ]
    with Program([*command, "-w", str(runtime)]) as proxy:
        proxy.wait_for(r"Listening on|udp: 127\.0\.0\.1")
        yield proxy
