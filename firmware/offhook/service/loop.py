"""The shell: events in, station, actions out, exactly one timer."""

from offhook.phone.events import Event


class Phone:
    """One telephone on one asyncio loop."""

    def post(self, event: Event) -> None:
        """Feed `event`, from any thread; it is handled on the loop with the time of this call."""
        raise NotImplementedError

    def stop(self) -> None:
        """Hang up, unregister, then end `run`.  From the loop's thread."""
        raise NotImplementedError
