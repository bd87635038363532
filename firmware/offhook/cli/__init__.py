"""The offhook command."""
