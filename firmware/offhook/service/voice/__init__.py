"""The voice runner: a process of its own that owns the sound card and the RTP sockets (decision 3).

main process                              keeper (forked early)        runner (forked by the keeper)
Voice ── commands, sockets ──────────────────────────────────────────> VoiceLoop: VoicePath, PCM, RTP
Voice <───────────────────────────── events, notes ────────────────────┘
Voice <─ heartbeat (shared page) ─────────┴ kills a hung runner, forks the next
"""

from offhook.service.voice.client import Voice, VoiceGone
from offhook.service.voice.ports import RtpPair, RtpPorts

__all__ = ["RtpPair", "RtpPorts", "Voice", "VoiceGone"]
