"""The voice runner: a process of its own that owns the sound card and the RTP sockets.

    main process            keeper (forked early)     runner (forked by the keeper)
    Voice -- commands, sockets ---------------------> VoiceLoop: VoicePath, PCM, RTP
    Voice <-------------------------- events, notes - VoiceLoop
    Voice <-------------- heartbeat (shared page) --- VoiceLoop
                            forks the next runner when one died, kills one that hangs

Why: `firmware/decisions/0003-voice-process.md`.
"""

from offhook.service.voice.client import Voice, VoiceGone
from offhook.service.voice.ports import RtpPair, RtpPorts

__all__ = ["RtpPair", "RtpPorts", "Voice", "VoiceGone"]
