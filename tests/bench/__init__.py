"""`make bench`: the telephone measured, against Debian's baresip in the same run."""
