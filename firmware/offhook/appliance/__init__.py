"""What runs as root on the phone's own image, beside it: `python3 -m offhook.appliance WORD`.

    provision   the settings file on the card's boot partition, taken over
    good        whether this system may be started again
    peers       the exchange's addresses, into the firewall
    reset       back to the state of a new phone

The phone itself (`offhookd`) has no rights; it speaks to these through small files in its runtime
directory, which are read here as if a stranger had written them.
"""
