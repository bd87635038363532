"""SIP: messages, transactions, dialogs and the user agent (RFC 3261)."""
